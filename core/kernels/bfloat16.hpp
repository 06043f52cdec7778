// bf16 numbers on a CPU: the upper half of a float's bits, in loops that a compiler turns into vector instructions.
#pragma once

#include <bit>
#include <cstdint>

namespace vaso::kernels {

struct Bfloat16 {
  std::uint16_t bits;
};

[[gnu::always_inline]] inline float wide(float x) { return x; }
[[gnu::always_inline]] inline float wide(Bfloat16 x) { return std::bit_cast<float>(std::uint32_t{x.bits} << 16); }

// To the nearest, ties to even; what is no number stays none.
[[gnu::always_inline]] inline void narrow(float x, float& to) { to = x; }
[[gnu::always_inline]] inline void narrow(float x, Bfloat16& to) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t rounded = bits + 0x7FFF + ((bits >> 16) & 1);
  to.bits = static_cast<std::uint16_t>((x == x ? rounded : bits | 0x400000) >> 16);
}

}  // namespace vaso::kernels
