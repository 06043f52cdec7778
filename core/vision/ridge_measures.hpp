// What the eigenvalues of a Hessian say, row by row, in single precision.
#pragma once

#include "vision/hessian.hpp"

#include <cstdint>

namespace vaso::vision {

// out[i] = max(out[i], the larger eigenvalue of pixel i of the strip).
void raise_to_tubeness(const HessianStrip& strip, float* out);

// Whether a value is within `error` of an integer from 1 on.
inline bool near_integer(float value, float error) {
  constexpr float kShift = 0x1.8p23f;  // adding it rounds |value| < 2^22, ties to even
  const float off = value - ((value + kShift) - kShift);
  return (off <= error) & (-off <= error) & (value > 0.5f);
}
bool any_near_integer(const float* values, std::int64_t count, float error);

// |small| ≤ |large| of each pixel; greatest[i] = max(greatest[i], small² + large²).
void curvatures(const HessianStrip& strip, float* small, float* large, float* greatest);

// out[i] = max(out[i], exp(−R²·blob)·(1 − exp(−S²·strength))) where large > 0, R = small / large, S² = small² + large².
void raise_to_frangi(const float* small, const float* large, std::int64_t count, float blob, float strength,
                     float* out);

// Whether one of `count` pixels has |small + large| ≤ error and an S² of `least` or more.
bool any_near_saddle(const float* small, const float* large, std::int64_t count, float error, float least);

// Truncates `count` values from 0 to 255.
void truncate(const float* values, std::int64_t count, std::uint8_t* out);

// 255 where a value is at least `least`, else 0; in place.
void threshold(std::uint8_t* values, std::int64_t count, std::uint8_t least);

// 255 where a value is positive and at least `least`, else 0.
void threshold(const float* values, std::int64_t count, float least, std::uint8_t* out);

}  // namespace vaso::vision
