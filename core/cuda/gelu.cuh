// What GELU (erf) and its derivative are made of.
#pragma once

namespace vaso::cuda {

// Of the standard normal distribution at x: how much lies below, within 1e-7, and its density, both from one
// exponential: with erff() GELU waits for arithmetic, with this for memory.
// Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 7.1.26.
struct Normal {
  float share, density;

  __device__ explicit Normal(float x) {
    const float bell = __expf(-0.5f * x * x);
    const float t = __fdividef(1.0f, __fmaf_rn(0.3275911f * 0.707106781f, fabsf(x), 1.0f));
    float sum = __fmaf_rn(1.061405429f, t, -1.453152027f);
    sum = __fmaf_rn(sum, t, 1.421413741f);
    sum = __fmaf_rn(sum, t, -0.284496736f);
    sum = __fmaf_rn(sum, t, 0.254829592f);
    const float tail = 0.5f * sum * t * bell;  // beyond |x|
    share = x < 0 ? tail : 1.0f - tail;
    density = 0.398942280f * bell;
  }
};

}  // namespace vaso::cuda
