#include "vision/row_filters.hpp"

#include "kernels/clones.hpp"

namespace vaso::vision {
namespace {

// Eight floats in GCC's vector extension, which every target keeps or splits as it can. Written out because the
// compiler left alone vectorises over the taps, which is several times slower.
using Lanes [[gnu::vector_size(32)]] = float;
struct [[gnu::packed, gnu::may_alias]] Unaligned {
  Lanes lanes;
};
constexpr int kVectors = kStep / kLanes;

[[gnu::always_inline]] inline const Unaligned& vector(const float* from) {
  return *reinterpret_cast<const Unaligned*>(from);
}
[[gnu::always_inline]] inline void store(float* to, const Lanes& lanes) {
  reinterpret_cast<Unaligned*>(to)->lanes = lanes;
}

[[gnu::always_inline]] inline void along(const float* in, const HalfKernels& k, std::int64_t count,
                                         const ThreeRows& out) {
  for (std::int64_t x = 0; x < count; x += kStep) {
    Lanes smooth[kVectors]{}, slope[kVectors]{}, curve[kVectors]{};
    for (std::int64_t j = k.radius; j > 0; --j) {
      const float *left = in + x - j, *right = in + x + j;
      for (int v = 0; v < kVectors; ++v) {
        const Lanes after = vector(right + v * kLanes).lanes;
        const Lanes sum = after + vector(left + v * kLanes).lanes;
        smooth[v] += k.smooth[j] * sum;
        // The difference, exact as the sum is (pixels are integers): the compiler would load `before` twice, and loads
        // that cross cache lines are what limits this loop.
        slope[v] += k.slope[j] * ((after + after) - sum);
        curve[v] += k.curve[j] * sum;
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      const std::int64_t at = x + v * kLanes;
      const Lanes centre = vector(in + at).lanes;
      store(out.smooth + at, smooth[v] + k.smooth[0] * centre);
      store(out.slope + at, slope[v]);
      store(out.curve + at, curve[v] + k.curve[0] * centre);
    }
  }
}

// Two outputs at once, because each of their inputs but two is an input of both.
template <bool Odd>
[[gnu::always_inline]] inline void across(const float* in, std::int64_t stride, const float* kernel,
                                          std::int64_t radius, std::int64_t count, float* out, float* next) {
  for (std::int64_t x = 0; x < count; x += kStep) {
    const float *upper = in + x - radius * stride, *lower = in + x + radius * stride;
    Lanes sum[kVectors]{}, sum_next[kVectors]{}, above[kVectors], below[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      above[v] = vector(upper + v * kLanes).lanes;
      below[v] = vector(lower + stride + v * kLanes).lanes;
    }
#pragma GCC unroll 2
    for (std::int64_t j = radius; j > 0; --j) {
      upper += stride;
      for (int v = 0; v < kVectors; ++v) {
        const Lanes above_next = vector(upper + v * kLanes).lanes, below_this = vector(lower + v * kLanes).lanes;
        sum[v] += kernel[j] * (Odd ? below_this - above[v] : above[v] + below_this);
        sum_next[v] += kernel[j] * (Odd ? below[v] - above_next : above_next + below[v]);
        above[v] = above_next;
        below[v] = below_this;
      }
      lower -= stride;
    }
    for (int v = 0; v < kVectors; ++v) {  // by now `above` is the row itself, `below` the next
      const std::int64_t at = x + v * kLanes;
      store(out + at, Odd ? sum[v] : sum[v] + kernel[0] * above[v]);
      store(next + at, Odd ? sum_next[v] : sum_next[v] + kernel[0] * below[v]);
    }
  }
}

// Several vectors of sums at a time: one alone waits at each term for its addition of the term before.
template <int Vectors>
[[gnu::always_inline]] inline void weighted_vectors(const float* weights, std::int64_t weight_step, const float* rows,
                                                    std::int64_t row_step, std::int64_t terms, float* out) {
  Lanes sum[Vectors]{};
  for (std::int64_t k = 0; k < terms; ++k) {
    for (int v = 0; v < Vectors; ++v)
      sum[v] += weights[k * weight_step] * vector(rows + k * row_step + v * kLanes).lanes;
  }
  for (int v = 0; v < Vectors; ++v) store(out + v * kLanes, sum[v]);
}
[[gnu::always_inline]] inline void weighted(const float* weights, std::int64_t weight_step, const float* rows,
                                            std::int64_t row_step, std::int64_t terms, std::int64_t count, float* out) {
  std::int64_t x = 0;
  for (; x + kStep <= count; x += kStep)
    weighted_vectors<kVectors>(weights, weight_step, rows + x, row_step, terms, out + x);
  if (count - x == 2 * kLanes) weighted_vectors<2>(weights, weight_step, rows + x, row_step, terms, out + x);
  if (count - x == kLanes) weighted_vectors<1>(weights, weight_step, rows + x, row_step, terms, out + x);
}

// Four doubles, of four floats.
using Doubles [[gnu::vector_size(32)]] = double;
using Floats [[gnu::vector_size(16)]] = float;
struct [[gnu::packed, gnu::may_alias]] UnalignedFloats {
  Floats floats;
};
struct [[gnu::packed, gnu::may_alias]] UnalignedDoubles {
  Doubles doubles;
};

[[gnu::always_inline]] inline void three_weighted(const ThreeWeights& weights, const float* rows, std::int64_t row_step,
                                                  std::int64_t terms, std::int64_t count, const ThreeSums& out) {
  constexpr std::int64_t kVectorsOfFour = 2;
  static_assert(kLanes == 4 * kVectorsOfFour);
  for (std::int64_t x = 0; x < count; x += kLanes) {
    Doubles smooth[kVectorsOfFour]{}, slope[kVectorsOfFour]{}, curve[kVectorsOfFour]{};
    for (std::int64_t k = 0; k < terms; ++k) {
      for (std::int64_t v = 0; v < kVectorsOfFour; ++v) {
        const float* from = rows + k * row_step + x + 4 * v;
        const Doubles in = __builtin_convertvector(reinterpret_cast<const UnalignedFloats*>(from)->floats, Doubles);
        smooth[v] += weights.smooth[k] * in;
        slope[v] += weights.slope[k] * in;
        curve[v] += weights.curve[k] * in;
      }
    }
    for (std::int64_t v = 0; v < kVectorsOfFour; ++v) {
      const auto put = [&](double* to, const Doubles& sums) {
        reinterpret_cast<UnalignedDoubles*>(to + x + 4 * v)->doubles = sums;
      };
      put(out.smooth, smooth[v]);
      put(out.slope, slope[v]);
      put(out.curve, curve[v]);
    }
  }
}

}  // namespace

VASO_CPU_CLONES void filter_along(const float* in, const HalfKernels& kernels, std::int64_t count,
                                  const ThreeRows& out) {
  along(in, kernels, count, out);
}
VASO_CPU_CLONES void filter_across_even(const float* in, std::int64_t stride, const float* kernel, std::int64_t radius,
                                        std::int64_t count, float* out, float* next) {
  across<false>(in, stride, kernel, radius, count, out, next);
}
VASO_CPU_CLONES void filter_across_odd(const float* in, std::int64_t stride, const float* kernel, std::int64_t radius,
                                       std::int64_t count, float* out, float* next) {
  across<true>(in, stride, kernel, radius, count, out, next);
}
VASO_CPU_CLONES void weighted_sum(const float* weights, std::int64_t weight_step, const float* rows,
                                  std::int64_t row_step, std::int64_t terms, std::int64_t count, float* out) {
  weighted(weights, weight_step, rows, row_step, terms, count, out);
}
VASO_CPU_CLONES void weighted_sums(const ThreeWeights& weights, const float* rows, std::int64_t row_step,
                                   std::int64_t terms, std::int64_t count, const ThreeSums& out) {
  three_weighted(weights, rows, row_step, terms, count, out);
}

namespace plain {
void filter_along(const float* in, const HalfKernels& kernels, std::int64_t count, const ThreeRows& out) {
  along(in, kernels, count, out);
}
void filter_across_even(const float* in, std::int64_t stride, const float* kernel, std::int64_t radius,
                        std::int64_t count, float* out, float* next) {
  across<false>(in, stride, kernel, radius, count, out, next);
}
void filter_across_odd(const float* in, std::int64_t stride, const float* kernel, std::int64_t radius,
                       std::int64_t count, float* out, float* next) {
  across<true>(in, stride, kernel, radius, count, out, next);
}
void weighted_sum(const float* weights, std::int64_t weight_step, const float* rows, std::int64_t row_step,
                  std::int64_t terms, std::int64_t count, float* out) {
  weighted(weights, weight_step, rows, row_step, terms, count, out);
}
void weighted_sums(const ThreeWeights& weights, const float* rows, std::int64_t row_step, std::int64_t terms,
                   std::int64_t count, const ThreeSums& out) {
  three_weighted(weights, rows, row_step, terms, count, out);
}
}  // namespace plain

}  // namespace vaso::vision
