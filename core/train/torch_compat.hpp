// All that differs between LibTorch 1.13 and 2.x, in one place.
#pragma once

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <torch/version.h>

#include <cmath>
#include <vector>

#define VASO_TORCH_AT_LEAST(MAJOR, MINOR) \
  (TORCH_VERSION_MAJOR > (MAJOR) || (TORCH_VERSION_MAJOR == (MAJOR) && TORCH_VERSION_MINOR >= (MINOR)))

namespace vaso::compat {

// Whether attend() below is one kernel, on every device.
inline constexpr bool has_fused_attention = VASO_TORCH_AT_LEAST(2, 2);

// softmax(q kᵀ / √d) v of B×heads×T×d tensors. LibTorch 2 has fused kernels; 1.13 has only the sum of its parts.
// (Folding the scale into at::baddbmm would save a pass, but 1.13's multiplies uninitialised memory by beta = 0: now
// and then a NaN.)
inline at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
#if VASO_TORCH_AT_LEAST(2, 0)
  return at::scaled_dot_product_attention(q, k, v);
#else
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(-1)));
  return at::matmul(at::softmax(at::matmul(q * scale, k.transpose(-2, -1)), -1), v);
#endif
}

// A generator in the same state. In 1.13 Generator::clone() forgets the weak reference that all strong ones hold
// together: what it returns would never be freed, 2.6 KB each time.
inline at::Generator copy_of(const at::Generator& generator) {
  at::Generator copy = generator.clone();
  const auto& held = copy.getIntrusivePtr();
  if (held.weak_use_count() == 0) c10::raw::weak_intrusive_ptr::incref(held.get());
  return copy;
}

// For arguments of custom functions that may be undefined: LibTorch 2 asks every plain tensor for its device.
inline c10::optional<at::Tensor> optional(const at::Tensor& tensor) {
  return tensor.defined() ? c10::optional<at::Tensor>(tensor) : c10::nullopt;
}

// a·b of two bf16 matrices on a GPU, in float32: rounded to bf16 on the way only where LibTorch must.
inline at::Tensor mm_in_float(const at::Tensor& a, const at::Tensor& b) {
#if VASO_TORCH_AT_LEAST(2, 8)
  return at::mm(a, b, at::kFloat);
#else
  return at::mm(a, b).to(at::kFloat);
#endif
}

inline bool autocast_enabled(c10::DeviceType device) {
#if VASO_TORCH_AT_LEAST(2, 4)
  return at::autocast::is_autocast_enabled(device);
#else
  return device == c10::kCUDA ? at::autocast::is_enabled() : at::autocast::is_cpu_enabled();
#endif
}

inline void enable_autocast(c10::DeviceType device, at::ScalarType type, bool on) {
#if VASO_TORCH_AT_LEAST(2, 4)
  at::autocast::set_autocast_dtype(device, type);
  at::autocast::set_autocast_enabled(device, on);
#else
  if (device == c10::kCUDA) {
    at::autocast::set_autocast_gpu_dtype(type);
    at::autocast::set_enabled(on);
  } else {
    at::autocast::set_autocast_cpu_dtype(type);
    at::autocast::set_cpu_enabled(on);
  }
#endif
}

// One step of AdamW for all tensors of the lists, in one kernel. False, with nothing done, where LibTorch has none.
inline bool fused_adamw([[maybe_unused]] at::TensorList parameters, [[maybe_unused]] at::TensorList gradients,
                        [[maybe_unused]] at::TensorList first, [[maybe_unused]] at::TensorList second,
                        [[maybe_unused]] const at::Tensor& step, [[maybe_unused]] double rate,
                        [[maybe_unused]] double beta1, [[maybe_unused]] double beta2, [[maybe_unused]] double decay,
                        [[maybe_unused]] double eps) {
#if VASO_TORCH_AT_LEAST(2, 0)
  const std::vector<at::Tensor> steps(parameters.size(), step);
  at::_fused_adamw_(parameters, gradients, first, second, /*max_exp_avg_sqs=*/{}, steps, rate, beta1, beta2, decay, eps,
                    /*amsgrad=*/false, /*maximize=*/false);
  return true;
#else
  return false;
#endif
}

}  // namespace vaso::compat
