// The exponential in loops that a compiler turns into vector instructions: no branch, no table, no call.
#pragma once

#include <bit>
#include <cstdint>

namespace vaso::kernels {

// eˣ for x ≤ 0, relative error below 2e-7; e^−87 below −87. The polynomial is that of Cephes (expf.c).
[[gnu::always_inline]] inline float exp_of_negative(float x) {
  constexpr float kRounds = 12582912.0f;  // 1.5·2²³: adding it leaves an integer in the low bits
  const float bounded = x < -87.0f ? -87.0f : x;
  const float shifted = bounded * 1.44269504088896341f + kRounds;
  const float n = shifted - kRounds;
  const float r = (bounded - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float fraction = p * r * r + r + 1.0f;
  const auto exponent = std::bit_cast<std::uint32_t>(shifted) << 23;  // only the low bits of n survive
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(fraction) + exponent);
}

}  // namespace vaso::kernels
