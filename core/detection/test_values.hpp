// Inputs and weights that can be made anew anywhere: each value is a hash of its position and the tensor's name, so
// that an independent program needs no file to compute with the same numbers.
#pragma once

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vaso::tests {

// Even in [low, high): FNV-1a of the name, mixed with the flat index as in xxHash's finish. float64.
inline at::Tensor hashed_double(at::IntArrayRef sizes, std::string_view name, double low, double high) {
  std::uint32_t key = 2166136261u;
  for (const char c : name) key = (key ^ static_cast<std::uint8_t>(c)) * 16777619u;
  const at::Tensor values = at::empty(sizes, at::kDouble);
  double* value = values.data_ptr<double>();
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    std::uint32_t h = static_cast<std::uint32_t>(i) * 2654435761u + key;
    h = (h ^ (h >> 16)) * 2246822519u;
    h = (h ^ (h >> 13)) * 3266489917u;
    h ^= h >> 16;
    value[i] = low + (high - low) * (h / 4294967296.0);
  }
  return values;
}
inline at::Tensor hashed(at::IntArrayRef sizes, std::string_view name, double low = -1, double high = 1) {
  return hashed_double(sizes, name, low, high).to(at::kFloat);
}

// Boxes inside a square image with sides between `least` and `most`: N×4.
inline at::Tensor hashed_boxes(std::int64_t count, std::string_view name, double image, double least, double most) {
  const at::Tensor draw = hashed_double({count, 4}, name, 0, 1);
  const at::Tensor width = least + (most - least) * draw.select(1, 2),
                   height = least + (most - least) * draw.select(1, 3);
  const at::Tensor x = draw.select(1, 0) * (image - width), y = draw.select(1, 1) * (image - height);
  return at::stack({x, y, x + width, y + height}, 1).to(at::kFloat);
}

// Weights by name: matrices even with variance 1/fan-in, scales about 1, shifts about 0, running variances about 1.
inline void fill_by_name(torch::nn::Module& module) {
  at::NoGradGuard no_grad;
  const auto fill = [](const std::string& name, at::Tensor value) {
    const double bound = value.dim() < 2 ? 0 : std::sqrt(3.0 * static_cast<double>(value.size(0)) / value.numel());
    if (name.ends_with("num_batches_tracked")) return;
    if (name.ends_with("running_var")) return (void)value.copy_(hashed(value.sizes(), name, 0.5, 1.5));
    if (value.dim() >= 2) return (void)value.copy_(hashed(value.sizes(), name, -bound, bound));
    if (name.ends_with("weight")) return (void)value.copy_(hashed(value.sizes(), name, 0.8, 1.2));
    value.copy_(hashed(value.sizes(), name, -0.1, 0.1));
  };
  for (const auto& item : module.named_parameters()) fill(item.key(), item.value());
  for (const auto& item : module.named_buffers()) fill(item.key(), item.value());
}

// Products of a tensor with `count` fixed ±noise tensors, and its norm: equal ones mean equal tensors.
inline std::vector<double> fingerprint(const at::Tensor& tensor, int count) {
  const at::Tensor flat = tensor.detach().to(at::kDouble).contiguous().flatten();
  std::vector<double> values;
  for (int j = 0; j < count; ++j) {
    values.push_back((flat * hashed_double({flat.numel()}, "finger" + std::to_string(j), -1, 1)).sum().item<double>());
  }
  values.push_back(flat.norm().item<double>());
  return values;
}
inline std::vector<double> fingerprints(const std::vector<at::Tensor>& tensors, int count) {
  std::vector<double> all;
  for (const at::Tensor& tensor : tensors) {
    const std::vector<double> one = fingerprint(tensor, count);
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

// The greatest difference of two lists in units of the greatest value; infinite where their lengths differ. With
// `block`, each so many values have a unit of their own: those of one fingerprint, or each value for itself.
inline double worst(const std::vector<double>& ours, const std::vector<double>& expected, std::size_t block = 0) {
  if (ours.size() != expected.size() || ours.empty()) return HUGE_VAL;
  if (block == 0) block = ours.size();
  double all = 0;
  for (std::size_t begin = 0; begin < ours.size(); begin += block) {
    double difference = 0, size = 0;
    for (std::size_t i = begin; i < std::min(begin + block, ours.size()); ++i) {
      if (!std::isfinite(ours[i])) return HUGE_VAL;
      difference = std::max(difference, std::abs(ours[i] - expected[i]));
      size = std::max(size, std::abs(expected[i]));
    }
    all = std::max(all, size > 0 ? difference / size : difference);
  }
  return all;
}
inline double worst(const at::Tensor& ours, const std::vector<double>& expected) {
  const at::Tensor flat = ours.detach().to(at::kDouble).contiguous().flatten();
  return worst(std::vector<double>(flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()), expected);
}
inline std::vector<std::int64_t> integers(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kLong).contiguous().flatten();
  return {flat.data_ptr<std::int64_t>(), flat.data_ptr<std::int64_t>() + flat.numel()};
}

}  // namespace vaso::tests
