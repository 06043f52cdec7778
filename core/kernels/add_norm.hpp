// A residual sum and the layer norm after it in one pass over memory, and their gradients in one: separate operators
// with a change of type after them move three to four times as many bytes, which is all that bounds them on a GPU.
//
// Between norms the residual stream is kept as two bf16 numbers for each of its own: what bf16 makes of it, and what
// that lost. Together they are within 2^-17 of it, so that dozens of branches add up as they should; but to a gradient
// the first is enough, and the stream's gradient is bf16 as every branch's is. The backward pass then moves half the
// bytes that float32 would.
#pragma once

#include <cstdint>

namespace vaso::kernels {

// sum = x + branch + branch_bias; y = (sum − mean)/deviation·weight + bias, each row by its own mean and deviation.
// Matrices are rows×columns, bf16 but for `plain`.
struct AddNorm {
  std::int64_t rows = 0, columns = 0;
  float eps = 0;
  const float* plain = nullptr;                // x in float32, or
  const void *high = nullptr, *low = nullptr;  // x in two parts
  const void* branch = nullptr;                // null: nothing is added
  const float* branch_bias = nullptr;          // of every row of the branch; null: 0
  const float *weight = nullptr, *bias = nullptr;
  void *sum_high = nullptr, *sum_low = nullptr;
  void* y = nullptr;
  float* statistics = nullptr;  // rows×2, mean and 1/deviation
};

// From the gradients of y and, unless null, of the sum: that of x, which is the branch's as well, and whose columns'
// sums are the branch bias's.
struct AddNormBackward {
  std::int64_t rows = 0, columns = 0;
  const void* sum_high = nullptr;
  const float *statistics = nullptr, *weight = nullptr;
  const void *y_gradient = nullptr, *sum_gradient = nullptr;
  void* x_gradient = nullptr;
  float* partial = nullptr;  // add_norm_partials()×3×columns: their sum is the gradients of weight, bias, branch_bias
};

// On a CPU, on all threads. The same bits whatever their number. On a GPU: cuda/add_norm.hpp.
void add_norm(const AddNorm& work);
void add_norm_backward(const AddNormBackward& work);
std::int64_t add_norm_partials(std::int64_t rows);

}  // namespace vaso::kernels
