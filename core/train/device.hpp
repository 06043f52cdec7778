// Device, threads and precision of a run. All that differs between LibTorch 1.13 and 2.x is in torch_compat.hpp.
#pragma once

#include <ATen/core/Generator.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <string>

namespace vaso::train {

// "auto", "cpu", "cuda". Throws std::runtime_error saying what this LibTorch and machine offer.
c10::Device choose_device(const std::string& wish);
std::string device_name(const c10::Device& device);  // "AMD EPYC …", "NVIDIA H100 80GB HBM3"
std::string libtorch_version();

// Sets the pools of ATen, OpenCV (1: our own threads share the images) and BLAS; 0 = all cores.
// Returns what is in force: "aten=2 opencv=1 blas=1".
std::string set_threads(std::int64_t threads);

// A generator of its own, seeded; the global one is left alone.
at::Generator make_generator(const c10::Device& device, std::uint64_t seed);

// Whether the device has instructions for products in bf16 (model/emulated_bf16.hpp says what happens without). False
// also where that cannot be found out.
bool multiplies_bf16(const c10::Device& device);

// While it lives, matrix products on `device` run in bf16 (autocast); fp32 otherwise. Weights stay fp32.
class Precision {
 public:
  Precision(const std::string& name, const c10::Device& device);
  ~Precision();
  Precision(const Precision&) = delete;

 private:
  bool active_ = false;
  c10::Device device_;
};

}  // namespace vaso::train
