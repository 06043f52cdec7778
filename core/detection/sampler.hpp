// The few candidates of an image that a loss is computed on.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace vaso::detection {

struct Sample {
  at::Tensor positive, negative;  // indices, int64
};

// Draws at most `count` candidates without replacement: at most positive_share·count positives, the rest negatives;
// where positives are few, negatives fill up. matches: N int64 as match() gives them. Where all fit, none is left out.
Sample draw_balanced(const at::Tensor& matches, std::int64_t count, double positive_share, at::Generator generator);

}  // namespace vaso::detection
