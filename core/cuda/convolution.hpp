// UNeXt's convolutional stages with frozen weights, on the GPU, and their twins.
#pragma once

#include "cuda/convolution_recipe.hpp"
#include "cuda/token_recipe.hpp"

namespace vaso::cuda {

// How many output channels a thread makes, and so how weights are laid out.
inline std::int64_t group_width(std::int64_t out_channels) { return out_channels <= 4 ? 4 : 8; }

// Of the rows that norm() takes: UNeXt-S has these. A thread has a row in its registers.
inline bool is_row_length(std::int64_t columns) { return columns == 32 || columns == 64 || columns == 128; }

// What a stage is made of. All pointers are of the side that computes; on the GPU a call returns while it still works,
// on the default stream, and throws CudaError.
class Stages {
 public:
  virtual ~Stages() = default;
  virtual void convolve(const Convolution& c, const float* in, float* out) const = 0;
  // relu(max_pool(convolution)), half as large; `largest` is what its gradient needs.
  virtual void convolve_and_pool(const Convolution& c, const float* in, float* out, std::uint8_t* largest) const = 0;
  // `c` of the gradient of a pooled map, scattered to where it came from.
  virtual void convolve_pooled(const Convolution& c, const float* gradient, const std::uint8_t* largest,
                               float* out) const = 0;
  // relu(twice as large) + skip
  virtual void enlarge_and_add(std::int64_t planes, const Enlarged& map, const float* skip, float* out) const = 0;
  // bias + Σ weight·relu(twice as large) over the channels: one map an image.
  virtual void enlarge_and_project(std::int64_t images, std::int64_t channels, const Enlarged& map, const float* weight,
                                   const float* bias, float* out) const = 0;
  // The gradient of the small map of either; `weight` null for the first.
  virtual void reduce_gradient(std::int64_t images, std::int64_t channels, const Enlarged& map, const float* weight,
                               const float* gradient, float* out) const = 0;
  // `columns` is a row length, as above.
  virtual void norm(std::int64_t columns, const RowNorm& norm) const = 0;
  virtual void norm_gradient(std::int64_t columns, const RowNormGradient& norm) const = 0;
  // token_recipe.hpp
  virtual void shift_rows(const ShiftRows& work) const = 0;
  virtual void convolve_and_shift(const ConvolveAndShift& work) const = 0;
  virtual void convolve_and_shift_gradient(const ConvolveAndShiftGradient& work) const = 0;
};

const Stages& stages_on_gpu();
const Stages& stages_on_cpu();

}  // namespace vaso::cuda
