// GELU (erf) and its gradient, in one pass over memory on all threads, from one exponential a value: within 3e-7·|x| of
// the exact one. Sources: Hendrycks & Gimpel, "Gaussian error linear units", arXiv 1606.08415; the normal distribution
// by Abramowitz and Stegun, "Handbook of Mathematical Functions", 7.1.26.
#pragma once

#include "kernels/bfloat16.hpp"

#include <cstdint>

namespace vaso::kernels {

// All arrays have `count` values.
void gelu(std::int64_t count, const float* in, float* out);
void gelu(std::int64_t count, const Bfloat16* in, Bfloat16* out);

// The input's gradient, from the input and the output's gradient.
void gelu_backward(std::int64_t count, const float* in, const float* gradient, float* out);
void gelu_backward(std::int64_t count, const Bfloat16* in, const Bfloat16* gradient, Bfloat16* out);

}  // namespace vaso::kernels
