// What this machine has.
#include "verbs.hpp"

#include "cuda/device.hpp"
#include "exit_codes.hpp"
#include "train/device.hpp"
#include "train/openblas_core.hpp"

#include <ATen/Context.h>
#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>
#include <opencv2/core/version.hpp>

#include <filesystem>

namespace vaso::worker {
namespace {

bool writable(std::filesystem::path folder) {
  std::error_code ignored;
  while (!folder.empty() && !std::filesystem::exists(folder, ignored)) folder = folder.parent_path();
  return access(folder.empty() ? "." : folder.c_str(), W_OK) == 0;
}

// LibTorch's matrix products come from whatever stands behind libblas.so.3. Debian's reference implementation is
// correct and about twenty times slower than OpenBLAS.
std::string blas_name() {
  if (at::hasMKL()) return "MKL";
  const std::string core = train::openblas_core();
  return core.empty() ? "" : fmt::format("OpenBLAS, kernels for {}", core);
}

// What to do where matrix products are slower than they need be; else empty.
std::string blas_hint(const std::string& name) {
  if (name.empty())
    return "matrix products may be twenty times slower than they could be: apt install libopenblas0-openmp";
  const std::string better = train::better_openblas_core();
  if (better.empty()) return "";
  return fmt::format(
      "these are for older processors, and several times slower: OPENBLAS_CORETYPE={} chooses those for this one",
      better);
}

}  // namespace

int doctor(const Options& options, const EventSink& events) {
  nlohmann::json findings = nlohmann::json::array();
  const auto found = [&](std::string what, std::string value, bool ok, std::string hint) {
    findings.push_back({{"what", std::move(what)}, {"value", std::move(value)}, {"ok", ok}, {"hint", std::move(hint)}});
  };
  PluginHost host = open_plugins(options, config::Node());
  host.load_all();  // before there are threads

  found("LibTorch", train::libtorch_version(), true, "");
  found("OpenCV", CV_VERSION, true, "");
  const std::string blas = blas_name();
  const std::string hint = blas_hint(blas);
  found("BLAS", blas.empty() ? "unknown, perhaps the slow reference" : blas, hint.empty(), hint);
  found("device", train::device_name(train::choose_device("auto")), true, "");
  try {
    found("CUDA", train::device_name(train::choose_device("cuda")), true, "");
  } catch (const std::exception& error) {
    found("CUDA", "none", true, error.what());
  }
  found("CUDA kernels", cuda::available() ? "ready" : "none", true, cuda::trouble());
  found("thread pools", train::set_threads(0), true, "");
  const bool has_bf16 = train::multiplies_bf16(c10::kCPU);
  found("bf16", has_bf16 ? "in hardware" : "emulated", true,
        has_bf16 ? "" : "precision = \"bf16\" is no faster than fp32 on this CPU");
  const bool home_ok = writable(std::filesystem::absolute(options.home));
  found("home", std::filesystem::absolute(options.home).string(), home_ok,
        home_ok ? "" : "cannot be written; choose another with --home or VASO_HOME");
  std::error_code ignored;
  const auto space =
      std::filesystem::space(home_ok ? std::filesystem::absolute(options.home).root_path() : "/", ignored);
  found("free disk", fmt::format("{:.1f} GB", static_cast<double>(space.available) / 1e9),
        space.available > 1'000'000'000, space.available > 1'000'000'000 ? "" : "checkpoints need room");
  for (const auto& folder : host.catalogue().searched) {
    const bool there = std::filesystem::is_directory(folder, ignored);
    found("plugin folder", folder.string(), true, there ? "" : "does not exist");
  }
  for (const plugins::Found& plugin : host.catalogue().found) {
    const bool usable = plugin.refusals.empty();
    std::string reasons;
    for (const std::string& reason : plugin.refusals) reasons += (reasons.empty() ? "" : "; ") + reason;
    found(usable ? "plugin" : "plugin refused",
          usable ? fmt::format("{} {}", plugin.card.id, plugin.card.version) : plugin.file.string(), usable, reasons);
  }
  events.result(findings.dump());
  return exit_ok;
}

}  // namespace vaso::worker
