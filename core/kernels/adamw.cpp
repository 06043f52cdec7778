#include "kernels/adamw.hpp"

#include "kernels/clones.hpp"

#include <algorithm>
#include <cmath>

namespace vaso::kernels {
namespace {

constexpr std::int64_t kPiece = 16384;  // values a thread takes at a time

template <class T>
[[gnu::always_inline]] inline void update(const AdamWStep& step, std::int64_t count, const T* gradient, T* parameter,
                                          T* first, T* second) {
  const auto keep = static_cast<T>(step.keep), beta1 = static_cast<T>(step.beta1), beta2 = static_cast<T>(step.beta2);
  const auto rest1 = static_cast<T>(1.0 - step.beta1), rest2 = static_cast<T>(1.0 - step.beta2);
  const auto step_size = static_cast<T>(step.step_size), eps = static_cast<T>(step.eps);
  const auto root_correction = static_cast<T>(step.root_correction);
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    first[i] = first[i] * beta1 + gradient[i] * rest1;
    second[i] = second[i] * beta2 + gradient[i] * gradient[i] * rest2;
    parameter[i] = parameter[i] * keep - step_size * first[i] / (std::sqrt(second[i]) / root_correction + eps);
  }
}

VASO_CPU_CLONES void piece(const AdamWStep& step, std::int64_t count, const float* gradient, float* parameter,
                           float* first, float* second) {
  update(step, count, gradient, parameter, first, second);
}
VASO_CPU_CLONES void piece(const AdamWStep& step, std::int64_t count, const double* gradient, double* parameter,
                           double* first, double* second) {
  update(step, count, gradient, parameter, first, second);
}

template <class T>
void all_pieces(const AdamWStep& step, std::int64_t count, const T* gradient, T* parameter, T* first, T* second) {
#pragma omp parallel for schedule(static) if (count > kPiece)
  for (std::int64_t begin = 0; begin < count; begin += kPiece) {
    piece(step, std::min(kPiece, count - begin), gradient + begin, parameter + begin, first + begin, second + begin);
  }
}

}  // namespace

void adamw_step(const AdamWStep& step, std::int64_t count, const float* gradient, float* parameter, float* first,
                float* second) {
  all_pieces(step, count, gradient, parameter, first, second);
}
void adamw_step(const AdamWStep& step, std::int64_t count, const double* gradient, double* parameter, double* first,
                double* second) {
  all_pieces(step, count, gradient, parameter, first, second);
}

}  // namespace vaso::kernels
