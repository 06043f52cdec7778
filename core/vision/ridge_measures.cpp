// Plain loops that the compiler vectorises; this file is compiled without errno and floating-point traps, which would
// keep it from doing so. Neither changes a result.
#include "vision/ridge_measures.hpp"

#include "kernels/clones.hpp"
#include "kernels/exp_of_negative.hpp"

#include <cmath>

namespace vaso::vision {
namespace {

inline float larger(float a, float b) { return a < b ? b : a; }

}  // namespace

VASO_CPU_CLONES void raise_to_tubeness(const HessianStrip& strip, float* out) {
  const float *rr = strip.rr, *rc = strip.rc, *cc = strip.cc;
  const std::int64_t count = strip.count;
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const float half = (rr[i] - cc[i]) * 0.5f;
    out[i] = larger(out[i], (rr[i] + cc[i]) * 0.5f + std::sqrt(rc[i] * rc[i] + half * half));
  }
}

VASO_CPU_CLONES bool any_near_integer(const float* values, std::int64_t count, float error) {
  std::int32_t any = 0;
  for (std::int64_t i = 0; i < count; ++i) any |= static_cast<std::int32_t>(near_integer(values[i], error));
  return any != 0;
}

VASO_CPU_CLONES void curvatures(const HessianStrip& strip, float* small, float* large, float* greatest) {
  const float *rr = strip.rr, *rc = strip.rc, *cc = strip.cc;
  const std::int64_t count = strip.count;
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const float half = (rr[i] - cc[i]) * 0.5f, mean = (rr[i] + cc[i]) * 0.5f;
    const float spread = std::sqrt(rc[i] * rc[i] + half * half);
    const float signed_spread = mean >= 0 ? spread : -spread;
    large[i] = mean + signed_spread;
    small[i] = mean - signed_spread;
    greatest[i] = larger(greatest[i], 2 * (mean * mean + spread * spread));
  }
}

VASO_CPU_CLONES void raise_to_frangi(const float* small, const float* large, std::int64_t count, float blob,
                                     float strength, float* out) {
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    // Where `large` is not positive, 0 comes out in any case; an exponential near 0 would make `value` denormal on the
    // way, which a processor computes many times more slowly.
    const float ratio = large[i] > 0 ? small[i] / large[i] : 0.0f;
    const float norm = small[i] * small[i] + large[i] * large[i];
    const float value =
        kernels::exp_of_negative(-ratio * ratio * blob) * (1 - kernels::exp_of_negative(-norm * strength));
    out[i] = larger(out[i], large[i] > 0 ? value : 0.0f);
  }
}

VASO_CPU_CLONES bool any_near_saddle(const float* small, const float* large, std::int64_t count, float error,
                                     float least) {
  std::int32_t any = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    any |= static_cast<std::int32_t>(std::abs(small[i] + large[i]) <= error) &
           static_cast<std::int32_t>(small[i] * small[i] + large[i] * large[i] >= least);
  }
  return any != 0;
}

VASO_CPU_CLONES void truncate(const float* values, std::int64_t count, std::uint8_t* out) {
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(values[i]));
}

VASO_CPU_CLONES void threshold(std::uint8_t* values, std::int64_t count, std::uint8_t least) {
  for (std::int64_t i = 0; i < count; ++i) values[i] = values[i] >= least ? 255 : 0;
}

VASO_CPU_CLONES void threshold(const float* values, std::int64_t count, float least, std::uint8_t* out) {
#pragma GCC ivdep
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t in = static_cast<std::int32_t>(values[i] > 0) & static_cast<std::int32_t>(values[i] >= least);
    out[i] = static_cast<std::uint8_t>(-in);
  }
}

}  // namespace vaso::vision
