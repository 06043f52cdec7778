#include "model/emulated_bf16.hpp"

#include "train/device.hpp"
#include "train/torch_compat.hpp"

namespace vaso::model {

bool emulates_bf16(const at::Tensor& x) {
  static const bool slow = !train::multiplies_bf16(c10::kCPU);
  return slow && x.device().is_cpu() && (x.scalar_type() == at::kBFloat16 || compat::autocast_enabled(c10::kCPU));
}

WithoutEmulation::WithoutEmulation(const at::Tensor& x) {
  if (emulates_bf16(x)) no_autocast_.emplace(c10::DispatchKey::AutocastCPU);
}

at::Tensor WithoutEmulation::operand(const at::Tensor& tensor) const {
  return no_autocast_ && tensor.defined() && tensor.scalar_type() == at::kBFloat16 ? tensor.to(at::kFloat) : tensor;
}

}  // namespace vaso::model
