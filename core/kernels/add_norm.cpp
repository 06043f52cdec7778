#include "kernels/add_norm.hpp"

#include "kernels/bfloat16.hpp"
#include "kernels/clones.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace vaso::kernels {
namespace {

constexpr std::int64_t kRows = 64;  // that a thread takes at a time, and whose gradients are one partial sum

const Bfloat16* halves(const void* at) { return static_cast<const Bfloat16*>(at); }
Bfloat16* halves(void* at) { return static_cast<Bfloat16*>(at); }

// Of one row: null pointers stay null.
template <class T>
T* row_of(T* matrix, std::int64_t row, std::int64_t columns) {
  return matrix == nullptr ? nullptr : matrix + row * columns;
}

struct RowIn {
  const float* plain;
  const Bfloat16 *high, *low, *branch;
  const float *branch_bias, *weight, *bias;
};
struct RowOut {
  Bfloat16 *high, *low, *y;
  float* statistics;
};

// `sum` has room for a row.
VASO_CPU_CLONES void normalise(std::int64_t columns, float eps, const RowIn& in, const RowOut& out, float* sum) {
  if (in.plain != nullptr) {
    std::copy_n(in.plain, columns, sum);
  } else {
#pragma omp simd
    for (std::int64_t i = 0; i < columns; ++i) sum[i] = wide(in.high[i]) + wide(in.low[i]);
  }
  if (in.branch != nullptr) {
#pragma omp simd
    for (std::int64_t i = 0; i < columns; ++i) sum[i] += wide(in.branch[i]);
  }
  if (in.branch_bias != nullptr) {
#pragma omp simd
    for (std::int64_t i = 0; i < columns; ++i) sum[i] += in.branch_bias[i];
  }
  float total = 0, squares = 0;
#pragma omp simd reduction(+ : total)
  for (std::int64_t i = 0; i < columns; ++i) total += sum[i];
  const float mean = total / static_cast<float>(columns);
#pragma omp simd reduction(+ : squares)
  for (std::int64_t i = 0; i < columns; ++i) squares += (sum[i] - mean) * (sum[i] - mean);
  const float inverse = 1.0f / std::sqrt(squares / static_cast<float>(columns) + eps);
#pragma omp simd
  for (std::int64_t i = 0; i < columns; ++i) {
    narrow(sum[i], out.high[i]);
    narrow(sum[i] - wide(out.high[i]), out.low[i]);
    narrow((sum[i] - mean) * inverse * in.weight[i] + in.bias[i], out.y[i]);
  }
  out.statistics[0] = mean;
  out.statistics[1] = inverse;
}

struct RowGradients {
  const Bfloat16* sum;
  const float *statistics, *weight;
  const Bfloat16 *y_gradient, *sum_gradient;
  Bfloat16* x_gradient;
};

// The gradient of x: what the norm hands back of what it was given, and the sum's own. `given` and `along` are the
// means of the former, weighted, and of that times the unit row.
template <bool has_sum_gradient>
[[gnu::always_inline]] inline void hand_back(std::int64_t columns, const RowGradients& row, float given, float along,
                                             float* of_branch_bias) {
  const float mean = row.statistics[0], inverse = row.statistics[1];
#pragma omp simd
  for (std::int64_t i = 0; i < columns; ++i) {
    const float unit = (wide(row.sum[i]) - mean) * inverse;
    const float of_norm = inverse * (wide(row.y_gradient[i]) * row.weight[i] - given - unit * along);
    const float gradient = of_norm + (has_sum_gradient ? wide(row.sum_gradient[i]) : 0.0f);
    of_branch_bias[i] += gradient;
    narrow(gradient, row.x_gradient[i]);
  }
}

// `of_weight`, `of_bias` and `of_branch_bias` of a row are added to what is there.
VASO_CPU_CLONES void go_back(std::int64_t columns, const RowGradients& row, float* of_weight, float* of_bias,
                             float* of_branch_bias) {
  const float mean = row.statistics[0], inverse = row.statistics[1];
  float given = 0, along = 0;
#pragma omp simd reduction(+ : given, along)
  for (std::int64_t i = 0; i < columns; ++i) {
    const float unit = (wide(row.sum[i]) - mean) * inverse, gradient = wide(row.y_gradient[i]);
    of_weight[i] += gradient * unit;
    of_bias[i] += gradient;
    given += gradient * row.weight[i];
    along += gradient * row.weight[i] * unit;
  }
  given /= static_cast<float>(columns);
  along /= static_cast<float>(columns);
  if (row.sum_gradient != nullptr) {
    hand_back<true>(columns, row, given, along, of_branch_bias);
  } else {
    hand_back<false>(columns, row, given, along, of_branch_bias);
  }
}

}  // namespace

void add_norm(const AddNorm& work) {
  const std::int64_t columns = work.columns;
#pragma omp parallel if (work.rows > kRows)
  {
    std::vector<float> sum(static_cast<std::size_t>(columns));
#pragma omp for schedule(static)
    for (std::int64_t row = 0; row < work.rows; ++row) {
      const RowIn in{row_of(work.plain, row, columns),
                     row_of(halves(work.high), row, columns),
                     row_of(halves(work.low), row, columns),
                     row_of(halves(work.branch), row, columns),
                     work.branch_bias,
                     work.weight,
                     work.bias};
      const RowOut out{row_of(halves(work.sum_high), row, columns), row_of(halves(work.sum_low), row, columns),
                       row_of(halves(work.y), row, columns), work.statistics + 2 * row};
      normalise(columns, work.eps, in, out, sum.data());
    }
  }
}

std::int64_t add_norm_partials(std::int64_t rows) { return (rows + kRows - 1) / kRows; }

void add_norm_backward(const AddNormBackward& work) {
  const std::int64_t columns = work.columns;
#pragma omp parallel for schedule(static) if (work.rows > kRows)
  for (std::int64_t part = 0; part < add_norm_partials(work.rows); ++part) {
    float* const sums = work.partial + part * 3 * columns;
    std::fill_n(sums, 3 * columns, 0.0f);
    for (std::int64_t row = part * kRows; row < std::min(work.rows, (part + 1) * kRows); ++row) {
      const RowGradients of{row_of(halves(work.sum_high), row, columns),
                            work.statistics + 2 * row,
                            work.weight,
                            row_of(halves(work.y_gradient), row, columns),
                            row_of(halves(work.sum_gradient), row, columns),
                            row_of(halves(work.x_gradient), row, columns)};
      go_back(columns, of, sums, sums + columns, sums + 2 * columns);
    }
  }
}

}  // namespace vaso::kernels
