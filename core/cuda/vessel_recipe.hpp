// Sato's and Frangi's filters (see vision/vesselness.hpp) in float64: two passes of first-order Gaussian derivatives,
// borders reflected.
#pragma once

#include "cuda/for_each.hpp"

#include <cmath>

namespace vaso::cuda {

// One scale: half of a Gaussian and of its slope, from the centre outwards. A slope is in correlation form: it weighs
// x[+j] − x[−j].
struct Scale {
  double sigma;
  const double* smooth;
  const double* slope;
  std::int32_t taps;
};

// Nine planes of float64 that the steps hand to each other.
struct VesselScratch {
  static constexpr std::int64_t planes = 9;
  double* memory = nullptr;
  std::int64_t pixels = 0;
  VASO_HOST_DEVICE double* plane(std::int64_t n) const { return memory + n * pixels; }
};

VASO_HOST_DEVICE inline std::int64_t mirrored(std::int64_t at, std::int64_t size) {
  const std::int64_t period = 2 * size;
  at = ((at % period) + period) % period;
  return at < size ? at : period - 1 - at;
}

// Sum of the taps over a line of `size` values that are `stride` apart, at position `at`.
template <class T>
VASO_HOST_DEVICE double smoothed(const Scale& scale, const T* line, std::int64_t stride, std::int64_t size,
                                 std::int64_t at) {
  double sum = scale.smooth[0] * line[at * stride];
  for (std::int32_t j = 1; j < scale.taps; ++j) {
    const double after = line[mirrored(at + j, size) * stride], before = line[mirrored(at - j, size) * stride];
    sum += scale.smooth[j] * (after + before);
  }
  return sum;
}
template <class T>
VASO_HOST_DEVICE double sloped(const Scale& scale, const T* line, std::int64_t stride, std::int64_t size,
                               std::int64_t at) {
  double sum = 0;
  for (std::int32_t j = 1; j < scale.taps; ++j) {
    const double after = line[mirrored(at + j, size) * stride], before = line[mirrored(at - j, size) * stride];
    sum += scale.slope[j] * (after - before);
  }
  return sum;
}

// Items of all of these are (0, row, column).
struct DownImage {
  const std::uint8_t* image;
  Scale scale;
  std::int64_t height, width;
  double *slope, *smooth;
  VASO_HOST_DEVICE void operator()(std::int64_t, std::int64_t y, std::int64_t x) const {
    slope[y * width + x] = sloped(scale, image + x, width, height, y);
    smooth[y * width + x] = smoothed(scale, image + x, width, height, y);
  }
};

struct AcrossFirst {
  const double *slope, *smooth;
  Scale scale;
  std::int64_t width;
  double *along_rows, *along_columns;  // first derivatives
  VASO_HOST_DEVICE void operator()(std::int64_t, std::int64_t y, std::int64_t x) const {
    along_rows[y * width + x] = smoothed(scale, slope + y * width, 1, width, x);
    along_columns[y * width + x] = sloped(scale, smooth + y * width, 1, width, x);
  }
};

struct DownFirst {
  const double *along_rows, *along_columns;
  Scale scale;
  std::int64_t height, width;
  double *slope_of_rows, *smooth_of_rows, *smooth_of_columns;
  VASO_HOST_DEVICE void operator()(std::int64_t, std::int64_t y, std::int64_t x) const {
    slope_of_rows[y * width + x] = sloped(scale, along_rows + x, width, height, y);
    smooth_of_rows[y * width + x] = smoothed(scale, along_rows + x, width, height, y);
    smooth_of_columns[y * width + x] = smoothed(scale, along_columns + x, width, height, y);
  }
};

// The Hessian's eigenvalues are mean ± spread, σ² normalised.
struct Eigenvalues {
  double upper, lower;
  bool upper_is_large;  // of the larger magnitude
};

struct AcrossSecond {
  const double *slope_of_rows, *smooth_of_rows, *smooth_of_columns;
  Scale scale;
  std::int64_t width;
  VASO_HOST_DEVICE Eigenvalues at(std::int64_t y, std::int64_t x) const {
    const double rr = smoothed(scale, slope_of_rows + y * width, 1, width, x);
    const double rc = sloped(scale, smooth_of_rows + y * width, 1, width, x);
    const double cc = sloped(scale, smooth_of_columns + y * width, 1, width, x);
    const double half = (rr - cc) / 2, mean = (rr + cc) / 2;
    const double spread = std::sqrt(rc * rc + half * half), area = scale.sigma * scale.sigma;
    return {area * (mean + spread), area * (mean - spread), mean >= 0};
  }
};

// ---- Sato -------------------------------------------------------------------------------------------------------

struct LargestUpper {
  AcrossSecond hessian;
  double* largest;
  bool first_scale;
  VASO_HOST_DEVICE void operator()(std::int64_t, std::int64_t y, std::int64_t x) const {
    double& value = largest[y * hessian.width + x];
    const double before = first_scale ? 0.0 : value, upper = hessian.at(y, x).upper;
    value = before < upper ? upper : before;
  }
};

// To float without carrying a value over the integer at which the mask cuts.
struct RoundDown {
  const double* from;
  std::int64_t width;
  float* out;
  VASO_HOST_DEVICE void operator()(std::int64_t, std::int64_t y, std::int64_t x) const {
    const double value = from[y * width + x];
    const auto rounded = static_cast<float>(value);
    out[y * width + x] = rounded > value ? nextafterf(rounded, 0.0f) : rounded;
  }
};

// ---- Frangi -----------------------------------------------------------------------------------------------------

// value ← max(value, candidate) of numbers that are not negative; any number of threads at once.
VASO_HOST_DEVICE inline void raise(double* value, double candidate) {
  if (candidate <= *value) return;
#ifdef __CUDA_ARCH__
  // Such numbers are ordered as their bits are.
  atomicMax(reinterpret_cast<unsigned long long*>(value),
            static_cast<unsigned long long>(__double_as_longlong(candidate)));
#else
  *value = candidate;
#endif
}

struct SetZero {
  double* value;
  VASO_HOST_DEVICE void operator()(std::int64_t, std::int64_t, std::int64_t) const { *value = 0; }
};

struct SortCurvatures {
  AcrossSecond hessian;
  double *small, *large;
  double* greatest_norm_squared;
  VASO_HOST_DEVICE void operator()(std::int64_t, std::int64_t y, std::int64_t x) const {
    const Eigenvalues values = hessian.at(y, x);
    large[y * hessian.width + x] = values.upper_is_large ? values.upper : values.lower;
    small[y * hessian.width + x] = values.upper_is_large ? values.lower : values.upper;
    raise(greatest_norm_squared, values.upper * values.upper + values.lower * values.lower);
  }
};

struct LargestVesselness {
  const double *small, *large, *greatest_norm_squared;
  double beta, c;
  std::int64_t width;
  bool first_scale;
  float* out;
  VASO_HOST_DEVICE void operator()(std::int64_t, std::int64_t y, std::int64_t x) const {
    float& best = out[y * width + x];
    if (first_scale) best = 0;
    const double c_squared = c > 0 ? c * c : *greatest_norm_squared / 4;
    const double l2 = large[y * width + x], l1 = small[y * width + x];
    if (c_squared < 1e-12 || l2 <= 0) return;  // a flat image: nothing but rounding errors; or no dark tube
    const double ratio = l1 / l2, blob = 1 / (2 * beta * beta), strength = 1 / (2 * c_squared);
    const auto value =
        static_cast<float>(std::exp(-ratio * ratio * blob) * (1 - std::exp(-(l1 * l1 + l2 * l2) * strength)));
    if (best < value) best = value;
  }
};

// ---- recipes ----------------------------------------------------------------------------------------------------

template <class Run>
AcrossSecond hessian_steps(const Run& run, const Extent& pixels, const std::uint8_t* image, const Scale& scale,
                           const VesselScratch& scratch) {
  const std::int64_t height = pixels.rows, width = pixels.columns;
  double *slope = scratch.plane(0), *smooth = scratch.plane(1), *rows = scratch.plane(2), *columns = scratch.plane(3);
  double *rows_slope = scratch.plane(4), *rows_smooth = scratch.plane(5), *columns_smooth = scratch.plane(6);
  run(pixels, DownImage{image, scale, height, width, slope, smooth});
  run(pixels, AcrossFirst{slope, smooth, scale, width, rows, columns});
  run(pixels, DownFirst{rows, columns, scale, height, width, rows_slope, rows_smooth, columns_smooth});
  return {rows_slope, rows_smooth, columns_smooth, scale, width};
}

// scales: of this process, each pointing at taps where `run` works; out: height×width.
template <class Run>
void sato_steps(const Run& run, const Extent& pixels, const std::uint8_t* image, const Scale* scales,
                std::int64_t count, const VesselScratch& scratch, float* out) {
  double* largest = scratch.plane(7);
  for (std::int64_t i = 0; i < count; ++i) {
    const AcrossSecond hessian = hessian_steps(run, pixels, image, scales[i], scratch);
    run(pixels, LargestUpper{hessian, largest, i == 0});
  }
  run(pixels, RoundDown{largest, pixels.columns, out});
}

template <class Run>
void frangi_steps(const Run& run, const Extent& pixels, const std::uint8_t* image, const Scale* scales,
                  std::int64_t count, double beta, double c, const VesselScratch& scratch, float* out) {
  double *small = scratch.plane(7), *large = scratch.plane(8);
  double* greatest = scratch.plane(0);  // free from here to the next scale
  for (std::int64_t i = 0; i < count; ++i) {
    const AcrossSecond hessian = hessian_steps(run, pixels, image, scales[i], scratch);
    run({1, 1, 1}, SetZero{greatest});
    run(pixels, SortCurvatures{hessian, small, large, greatest});
    run(pixels, LargestVesselness{small, large, greatest, beta, c, pixels.columns, i == 0, out});
  }
}

}  // namespace vaso::cuda
