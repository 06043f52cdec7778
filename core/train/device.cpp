#include "train/device.hpp"

#include "train/torch_compat.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <torch/cuda.h>
#include <opencv2/core/utility.hpp>

#include <fstream>
#include <stdexcept>
#include <thread>

namespace vaso::train {

namespace {

// What Linux says of the first processor under `key`: "model name", "flags". Empty where it says nothing.
std::string cpu_entry(const std::string& key) {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with(key) && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

std::string cpu_name() {
  const std::string name = cpu_entry("model name");
  return name.empty() ? "CPU" : name;
}

// Asked of the driver by its C interface, so that neither CUDA's headers nor its toolkit are needed to build.
std::string cuda_name(int ordinal) {
  void* driver = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (driver == nullptr) return "CUDA device";
  const auto device_get = reinterpret_cast<int (*)(int*, int)>(::dlsym(driver, "cuDeviceGet"));
  const auto get_name = reinterpret_cast<int (*)(char*, int, int)>(::dlsym(driver, "cuDeviceGetName"));
  int handle = 0;
  char name[128] = "CUDA device";
  if (device_get != nullptr && get_name != nullptr && device_get(&handle, ordinal) == 0)
    get_name(name, sizeof name, handle);
  return name;
}

// OpenBLAS has a pool of its own; other libraries that stand behind libblas.so.3 take their number from elsewhere or,
// like the reference implementation, have one thread.
std::string set_blas_threads(int threads) {
  const auto set = reinterpret_cast<void (*)(int)>(::dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
  const auto get = reinterpret_cast<int (*)()>(::dlsym(RTLD_DEFAULT, "openblas_get_num_threads"));
  if (set == nullptr || get == nullptr) return "library's own";
  set(threads);
  return std::to_string(get());
}

}  // namespace

c10::Device choose_device(const std::string& wish) {
  if (wish != "auto" && wish != "cpu" && wish != "cuda") {
    throw std::runtime_error(fmt::format("no device \"{}\": use auto, cpu or cuda", wish));
  }
  if (wish == "cpu") return c10::kCPU;
  if (torch::cuda::is_available()) return c10::Device(c10::kCUDA, 0);
  if (wish == "auto") return c10::kCPU;
  const char* why =
      at::hasCUDA() ? "was built with CUDA but finds no GPU or driver on this machine" : "was built without CUDA";
  throw std::runtime_error(fmt::format(
      "device \"cuda\" was asked for, but this LibTorch ({}) {}: use \"auto\" or \"cpu\"", libtorch_version(), why));
}

std::string device_name(const c10::Device& device) {
  return device.is_cuda() ? cuda_name(device.has_index() ? device.index() : 0) : cpu_name();
}

std::string libtorch_version() { return TORCH_VERSION; }

std::string set_threads(std::int64_t threads) {
  const int count =
      threads > 0 ? static_cast<int>(threads) : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  at::set_num_threads(count);
  try {
    at::set_num_interop_threads(1);
  } catch (const c10::Error&) {
    // That pool takes its size once; it is already running, and nothing here uses it.
  }
  cv::setNumThreads(1);
  const std::string blas = set_blas_threads(count);
  return fmt::format("aten={} opencv={} blas={}", at::get_num_threads(), cv::getNumThreads(), blas);
}

at::Generator make_generator(const c10::Device& device, std::uint64_t seed) {
  at::Generator generator = compat::copy_of(at::globalContext().defaultGenerator(device));
  generator.set_current_seed(seed);
  return generator;
}

bool multiplies_bf16(const c10::Device& device) {
  if (!device.is_cpu()) return true;
  const std::string flags = " " + cpu_entry("flags") + " ";
  return flags.find(" avx512_bf16 ") != std::string::npos || flags.find(" amx_bf16 ") != std::string::npos;
}

Precision::Precision(const std::string& name, const c10::Device& device) : device_(device) {
  if (name != "fp32" && name != "bf16")
    throw std::runtime_error(fmt::format("no precision \"{}\": use fp32 or bf16", name));
  if (name == "fp32" || compat::autocast_enabled(device.type())) return;
  compat::enable_autocast(device.type(), at::kBFloat16, true);
  at::autocast::increment_nesting();
  active_ = true;
}

Precision::~Precision() {
  if (!active_) return;
  // The cache of bf16 copies must not outlive the step: weights change.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  compat::enable_autocast(device_.type(), at::kBFloat16, false);
}

}  // namespace vaso::train
