// The inner loops of a separable filter in single precision. Kernels are halves, from the centre outwards; sums run
// from the outermost tap inwards, so that they stay small until the end and rounding errors do too.
//
// Counts are multiples of kLanes, those of the two filters of kStep; buffers are read and written as far.
#pragma once

#include <cstdint>

namespace vaso::vision {

constexpr std::int64_t kLanes = 8;
constexpr std::int64_t kStep = 3 * kLanes;  // outputs in registers at a time

struct HalfKernels {
  std::int64_t radius = 0;
  const float *smooth = nullptr, *slope = nullptr, *curve = nullptr;  // radius + 1 each
};
struct ThreeRows {
  float *smooth = nullptr, *slope = nullptr, *curve = nullptr;
};

// Three filters along a row. in[−radius] … in[count + radius − 1] are read.
void filter_along(const float* in, const HalfKernels& kernels, std::int64_t count, const ThreeRows& out);

// One filter across rows that lie `stride` apart, for two outputs: at `in` and at the row after it.
// kernel: even (sums of both sides) or odd (lower less upper).
void filter_across_even(const float* in, std::int64_t stride, const float* kernel, std::int64_t radius,
                        std::int64_t count, float* out, float* next);
void filter_across_odd(const float* in, std::int64_t stride, const float* kernel, std::int64_t radius,
                       std::int64_t count, float* out, float* next);

// out = Σ_k weights[k·weight_step]·rows[k·row_step …], k = 0 … terms−1 in this order.
void weighted_sum(const float* weights, std::int64_t weight_step, const float* rows, std::int64_t row_step,
                  std::int64_t terms, std::int64_t count, float* out);

// Three weighted sums of rows at once, in double precision: out.smooth = Σ_k weights.smooth[k]·rows[k·row_step …], and
// so on.
struct ThreeWeights {
  const double *smooth = nullptr, *slope = nullptr, *curve = nullptr;
};
struct ThreeSums {
  double *smooth = nullptr, *slope = nullptr, *curve = nullptr;
};
void weighted_sums(const ThreeWeights& weights, const float* rows, std::int64_t row_step, std::int64_t terms,
                   std::int64_t count, const ThreeSums& out);

// The same without vector instructions beyond the plain ones: what the others are tested against.
namespace plain {
void filter_along(const float* in, const HalfKernels& kernels, std::int64_t count, const ThreeRows& out);
void filter_across_even(const float* in, std::int64_t stride, const float* kernel, std::int64_t radius,
                        std::int64_t count, float* out, float* next);
void filter_across_odd(const float* in, std::int64_t stride, const float* kernel, std::int64_t radius,
                       std::int64_t count, float* out, float* next);
void weighted_sum(const float* weights, std::int64_t weight_step, const float* rows, std::int64_t row_step,
                  std::int64_t terms, std::int64_t count, float* out);
void weighted_sums(const ThreeWeights& weights, const float* rows, std::int64_t row_step, std::int64_t terms,
                   std::int64_t count, const ThreeSums& out);
}  // namespace plain

}  // namespace vaso::vision
