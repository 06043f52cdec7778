// What the tests of this folder share.
#pragma once

#include "train/safetensors.hpp"

#include <ATen/ATen.h>

#include <string>

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

// Entries of a reference file below a prefix, without it.
inline Bag part(const Bag& bag, const std::string& prefix) {
  Bag found;
  for (const auto& [name, tensor] : bag) {
    if (name.starts_with(prefix)) found[name.substr(prefix.size())] = tensor;
  }
  return found;
}

}  // namespace vaso::tests
