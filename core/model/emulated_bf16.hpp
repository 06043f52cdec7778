// bf16 on a CPU without instructions for it. LibTorch 1.13 emulates its products there, twenty to eighty times slower
// than those in float32. Products of the same bf16 numbers, widened, are sums of the same terms, as exact and not slow.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <optional>

namespace vaso::model {

// Whether x is on such a CPU, and under autocast to bf16 or of that type.
bool emulates_bf16(const at::Tensor& x);

// While it lives, LibTorch's operators on a CPU leave float32 alone although autocast is on, if emulates_bf16(x).
class WithoutEmulation {
 public:
  explicit WithoutEmulation(const at::Tensor& x);
  // Float32 where x is emulated, else as it is.
  at::Tensor operand(const at::Tensor& tensor) const;

 private:
  std::optional<c10::impl::ExcludeDispatchKeyGuard> no_autocast_;
};

}  // namespace vaso::model
