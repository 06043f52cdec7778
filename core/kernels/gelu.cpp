#include "kernels/gelu.hpp"

#include "kernels/clones.hpp"
#include "kernels/exp_of_negative.hpp"

#include <algorithm>
#include <cmath>

namespace vaso::kernels {
namespace {

constexpr std::int64_t kPiece = 16384;  // values a thread takes at a time

// Of the standard normal distribution at x: how much lies below, and its density.
struct Normal {
  float share, density;
};
[[gnu::always_inline]] inline Normal normal(float x) {
  const float bell = exp_of_negative(-0.5f * x * x);
  const float t = 1.0f / (1.0f + 0.3275911f * 0.707106781f * std::abs(x));
  const float sum = (((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f;
  const float tail = 0.5f * sum * t * bell;  // beyond |x|
  return {x < 0 ? tail : 1.0f - tail, 0.398942280f * bell};
}

template <class T>
[[gnu::always_inline]] inline void values(std::int64_t count, const T* in, T* out) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float x = wide(in[i]);
    narrow(x * normal(x).share, out[i]);
  }
}

template <class T>
[[gnu::always_inline]] inline void slopes(std::int64_t count, const T* in, const T* gradient, T* out) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const float x = wide(in[i]);
    const Normal at = normal(x);
    narrow(wide(gradient[i]) * (at.share + x * at.density), out[i]);
  }
}

VASO_CPU_CLONES void piece(std::int64_t count, const float* in, float* out) { values(count, in, out); }
VASO_CPU_CLONES void piece(std::int64_t count, const Bfloat16* in, Bfloat16* out) { values(count, in, out); }
VASO_CPU_CLONES void piece(std::int64_t count, const float* in, const float* gradient, float* out) {
  slopes(count, in, gradient, out);
}
VASO_CPU_CLONES void piece(std::int64_t count, const Bfloat16* in, const Bfloat16* gradient, Bfloat16* out) {
  slopes(count, in, gradient, out);
}

template <class Piece>
void all_pieces(std::int64_t count, const Piece& of) {
#pragma omp parallel for schedule(static) if (count > kPiece)
  for (std::int64_t begin = 0; begin < count; begin += kPiece) of(begin, std::min(kPiece, count - begin));
}

}  // namespace

void gelu(std::int64_t count, const float* in, float* out) {
  all_pieces(count, [&](std::int64_t at, std::int64_t length) { piece(length, in + at, out + at); });
}
void gelu(std::int64_t count, const Bfloat16* in, Bfloat16* out) {
  all_pieces(count, [&](std::int64_t at, std::int64_t length) { piece(length, in + at, out + at); });
}
void gelu_backward(std::int64_t count, const float* in, const float* gradient, float* out) {
  all_pieces(count, [&](std::int64_t at, std::int64_t length) { piece(length, in + at, gradient + at, out + at); });
}
void gelu_backward(std::int64_t count, const Bfloat16* in, const Bfloat16* gradient, Bfloat16* out) {
  all_pieces(count, [&](std::int64_t at, std::int64_t length) { piece(length, in + at, gradient + at, out + at); });
}

}  // namespace vaso::kernels
