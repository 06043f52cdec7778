#include "kernels/add_norm.hpp"

#include "kernels/bfloat16.hpp"
#include "kernels/clones.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace vaso::kernels {
namespace {

constexpr std::int64_t kRows = 64;  // that a thread takes at a time, and whose gradients are one partial sum

// A row of a bf16 matrix; null where there is none.
[[gnu::always_inline]] inline const Bfloat16* row_of(const void* matrix, std::int64_t row, std::int64_t columns) {
  return matrix == nullptr ? nullptr : static_cast<const Bfloat16*>(matrix) + row * columns;
}
[[gnu::always_inline]] inline Bfloat16* row_of(void* matrix, std::int64_t row, std::int64_t columns) {
  return static_cast<Bfloat16*>(matrix) + row * columns;
}

// `sum` has room for a row.
VASO_CPU_CLONES void normalise(const AddNorm& work, std::int64_t row, float* sum) {
  const std::int64_t columns = work.columns;
  if (work.plain != nullptr) {
    std::copy_n(work.plain + row * columns, columns, sum);
  } else {
    const Bfloat16 *high = row_of(work.high, row, columns), *low = row_of(work.low, row, columns);
#pragma omp simd
    for (std::int64_t i = 0; i < columns; ++i) sum[i] = wide(high[i]) + wide(low[i]);
  }
  if (const Bfloat16* branch = row_of(work.branch, row, columns); branch != nullptr) {
#pragma omp simd
    for (std::int64_t i = 0; i < columns; ++i) sum[i] += wide(branch[i]);
  }
  if (const float* bias = work.branch_bias; bias != nullptr) {
#pragma omp simd
    for (std::int64_t i = 0; i < columns; ++i) sum[i] += bias[i];
  }
  float total = 0, squares = 0;
#pragma omp simd reduction(+ : total)
  for (std::int64_t i = 0; i < columns; ++i) total += sum[i];
  const float mean = total / static_cast<float>(columns);
#pragma omp simd reduction(+ : squares)
  for (std::int64_t i = 0; i < columns; ++i) squares += (sum[i] - mean) * (sum[i] - mean);
  const float inverse = 1.0f / std::sqrt(squares / static_cast<float>(columns) + work.eps);
  Bfloat16 *high = row_of(work.sum_high, row, columns), *low = row_of(work.sum_low, row, columns),
           *y = row_of(work.y, row, columns);
  const float *weight = work.weight, *bias = work.bias;
#pragma omp simd
  for (std::int64_t i = 0; i < columns; ++i) {
    narrow(sum[i], high[i]);
    narrow(sum[i] - wide(high[i]), low[i]);
    narrow((sum[i] - mean) * inverse * weight[i] + bias[i], y[i]);
  }
  work.statistics[2 * row] = mean;
  work.statistics[2 * row + 1] = inverse;
}

// Gradients of weight, bias and branch bias are added to the three rows of `sums`.
VASO_CPU_CLONES void go_back(const AddNormBackward& work, std::int64_t row, float* sums) {
  const std::int64_t columns = work.columns;
  const float mean = work.statistics[2 * row], inverse = work.statistics[2 * row + 1], *weight = work.weight;
  const Bfloat16 *sum = row_of(work.sum_high, row, columns), *of_y = row_of(work.y_gradient, row, columns),
                 *of_sum = row_of(work.sum_gradient, row, columns);
  Bfloat16* of_x = row_of(work.x_gradient, row, columns);
  float *of_weight = sums, *of_bias = sums + columns, *of_branch_bias = sums + 2 * columns;
  float given = 0, along = 0;
#pragma omp simd reduction(+ : given, along)
  for (std::int64_t i = 0; i < columns; ++i) {
    const float unit = (wide(sum[i]) - mean) * inverse, gradient = wide(of_y[i]);
    of_weight[i] += gradient * unit;
    of_bias[i] += gradient;
    given += gradient * weight[i];
    along += gradient * weight[i] * unit;
  }
  given /= static_cast<float>(columns);
  along /= static_cast<float>(columns);
#pragma omp simd
  for (std::int64_t i = 0; i < columns; ++i) {
    const float unit = (wide(sum[i]) - mean) * inverse;
    const float of_norm = inverse * (wide(of_y[i]) * weight[i] - given - unit * along);
    const float gradient = of_norm + (of_sum == nullptr ? 0.0f : wide(of_sum[i]));
    of_branch_bias[i] += gradient;
    narrow(gradient, of_x[i]);
  }
}

}  // namespace

void add_norm(const AddNorm& work) {
#pragma omp parallel if (work.rows > kRows)
  {
    std::vector<float> sum(static_cast<std::size_t>(work.columns));
#pragma omp for schedule(static)
    for (std::int64_t row = 0; row < work.rows; ++row) normalise(work, row, sum.data());
  }
}

std::int64_t add_norm_partials(std::int64_t rows) { return (rows + kRows - 1) / kRows; }

void add_norm_backward(const AddNormBackward& work) {
#pragma omp parallel for schedule(static) if (work.rows > kRows)
  for (std::int64_t part = 0; part < add_norm_partials(work.rows); ++part) {
    float* const sums = work.partial + part * 3 * work.columns;
    std::fill_n(sums, 3 * work.columns, 0.0f);
    for (std::int64_t row = part * kRows; row < std::min(work.rows, (part + 1) * kRows); ++row)
      go_back(work, row, sums);
  }
}

}  // namespace vaso::kernels
