#include "contract/checks.hpp"

#include <ATen/Context.h>
#include <torch/cuda.h>

namespace vaso::contract {

Check device_check(const std::function<void(const Subject&, c10::Device, Report&)>& compare) {
  return {"CPU and CUDA agree", "Make tensors with the options of the batch: at::zeros(sizes, image.options()).",
          [compare](const Subject& subject, Report& report) {
            if (torch::cuda::is_available()) return compare(subject, c10::Device(c10::kCUDA, 0), report);
            report.skip(at::hasCUDA() ? "there is no CUDA device here" : "this LibTorch was built without CUDA");
          }};
}

}  // namespace vaso::contract
