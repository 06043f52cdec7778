// A residual sum and the layer norm after it in one pass over memory, and their gradients in one: on a GPU both are
// bound by bytes, and separate kernels with a change of type after them move two to three times as many.
#pragma once

#include "cuda/device.hpp"

#include <cstdint>

namespace vaso::cuda {

struct NormShape {
  std::int64_t rows = 0, columns = 0;  // a row is normalised
  float eps = 0;
};

// Whether the kernels take rows of that length: a multiple of 4, at most 1280.
bool can_norm(std::int64_t columns);

// sum = x + branch; y = (sum − mean)/deviation·weight + bias, each row by its own mean and deviation.
// x, sum: rows×columns float32; branch, y: bf16; branch null: nothing is added and `sum` is not written.
// statistics: rows×2 float32, mean and 1/deviation. All of the GPU, 16-byte aligned. Throws CudaError.
void add_norm(const NormShape& shape, const float* x, const void* branch, const float* weight, const float* bias,
              float* sum, void* y, float* statistics, Stream stream);

// How many rows of partial sums add_norm_backward leaves for weight and bias.
std::int64_t partial_rows();

// From the gradients of y (bf16) and, unless null, of `sum`: that of x, in float32, and the same in bf16 for the
// branch, unless `branch_gradient` is null. partial: partial_rows()×2×columns float32: their sum is the gradients of
// weight and bias.
void add_norm_backward(const NormShape& shape, const float* sum, const float* statistics, const float* weight,
                       const void* y_gradient, const float* sum_gradient, float* x_gradient, void* branch_gradient,
                       float* partial, Stream stream);

}  // namespace vaso::cuda
