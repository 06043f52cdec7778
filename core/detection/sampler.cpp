#include "detection/sampler.hpp"

#include "detection/matcher.hpp"

#include <ATen/ATen.h>

#include <algorithm>

namespace vaso::detection {

namespace {

at::Tensor draw(const at::Tensor& indices, std::int64_t count, at::Generator generator) {
  if (indices.size(0) <= count) return indices;
  const auto options = at::TensorOptions().dtype(at::kLong).device(generator.device());
  const at::Tensor order = at::randperm(indices.size(0), generator, options).narrow(0, 0, count);
  return indices.index_select(0, order.to(indices.device()));
}

}  // namespace

Sample draw_balanced(const at::Tensor& matches, std::int64_t count, double positive_share, at::Generator generator) {
  Sample sample;
  const auto most_positive = static_cast<std::int64_t>(static_cast<double>(count) * positive_share);
  sample.positive = draw(at::nonzero(matches >= 0).squeeze(1), most_positive, generator);
  sample.negative = draw(at::nonzero(matches == background).squeeze(1), count - sample.positive.size(0), generator);
  return sample;
}

}  // namespace vaso::detection
