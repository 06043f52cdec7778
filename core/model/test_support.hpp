// What the tests of this folder share.
#pragma once

#include "cuda/test_support.hpp"
#include "train/safetensors.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>
#include <vector>

namespace vaso::tests {

// ‖a − b‖ / ‖b‖ in float64; ‖a‖ where b is zero throughout. NaN where a holds one.
inline double relative_error(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.detach().to(at::kDouble), y = b.detach().to(at::kDouble);
  const double size = y.norm().item<double>();
  return (x - y).norm().item<double>() / (size > 0 ? size : 1.0);
}

// Values in a repeatable pattern without a generator: sin(step·i) over the flat index.
inline at::Tensor waves(at::IntArrayRef sizes, double step = 0.01) {
  std::int64_t count = 1;
  for (const std::int64_t size : sizes) count *= size;
  return at::sin(at::arange(count, at::kDouble) * step).reshape(sizes).to(at::kFloat);
}

// The CPU, and a GPU where there is one.
inline std::vector<c10::Device> devices() {
  std::vector<c10::Device> all = {c10::kCPU};
  if (!cuda::no_gpu()) all.emplace_back(c10::kCUDA);
  return all;
}

// Entries of a reference file below a prefix, without it.
inline Bag part(const Bag& bag, const std::string& prefix) {
  Bag found;
  for (const auto& [name, tensor] : bag) {
    if (name.starts_with(prefix)) found[name.substr(prefix.size())] = tensor;
  }
  return found;
}

// The least error(nudge) over inputs scaled by 1 + nudge, stopping at the first below `limit`.
//
// Behind a max pooling, gradients jump where two candidates are closer than the type can tell: float32 then takes the
// other one, and a right implementation is off by a percent. Inputs a few roundings away have no such tie, or another;
// a wrong one is wrong for all of them.
template <class Error>
double least_error(at::ScalarType type, double limit, const Error& error) {
  double least = error(0.0);
  if (type == at::kDouble) return least;
  for (const double nudge : {1e-6, -1e-6, 2e-6, -2e-6}) {
    if (least < limit) break;
    least = std::min(least, error(nudge));
  }
  return least;
}

}  // namespace vaso::tests
