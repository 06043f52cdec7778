// The Hessian of a Gaussian-smoothed image, as scikit-image ≥ 0.20 computes it (feature/corner.py,
// _hessian_matrix_with_gaussian; border reflected: d c b a | a b c d | d c b a), times σ².
//
// All of an image in single precision, with a bound on the error; single pixels in double precision, for those that the
// bound leaves undecided.
#pragma once

#include "vision/axis_filters.hpp"
#include "vision/padded_image.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace vaso::vision {

// How far a result in single precision may be from the true one, grey levels. Sound: from what was cut of the kernels,
// the order of summation, and pixels of at most ±128.
struct HessianError {
  double trace = 0;       // of half the trace
  double eigenvalue = 0;  // of either eigenvalue, computed in single precision too
};

// What is to be prepared for one image size and scale.
struct HessianFilters {
  AxisFilters rows, columns;  // cut where float64 would no longer tell

  // In single precision, cut where a grey level would hardly tell. From the centre outwards.
  struct Halves {
    std::vector<float> smooth, slope, curve;
  };
  // Weights of the outputs that see a border of the axis of rows, by distance from it; first input first.
  struct BorderRow {
    std::vector<float> smooth, slope, curve;
  };
  std::int64_t radius = 0;
  Halves down, along;
  std::vector<BorderRow> top, bottom;
  // `curve` of the outputs that see the left or right border, a matrix with a row per input and `border_step` columns,
  // one per output. (Of the other two filters the composed kernel on the reflected image is right there too.)
  std::vector<float> left_curve, right_curve;
  std::int64_t border_step = 0;
  HessianError inside, anywhere;  // `inside`: `radius` and more from every edge
};

// Made once and kept. [any thread]
std::shared_ptr<const HessianFilters> hessian_filters(std::int64_t height, std::int64_t width, double sigma);

// Second derivatives of `count` pixels of row y from column x on. Arrays reach to a multiple of 8.
struct HessianStrip {
  std::int64_t y = 0, x = 0, count = 0;
  const float *rr = nullptr, *rc = nullptr, *cc = nullptr;
};

// Visits every pixel that is `margin` or more from the edges, once. Throws std::invalid_argument where the image is
// padded by less than the filters' radius. [any thread]
void hessian(const PaddedImage& image, const HessianFilters& filters, std::int64_t margin,
             const std::function<void(const HessianStrip&)>& visit);

struct SecondDerivatives {
  double rr, rc, cc;
};
// In double precision; the image may be padded by anything.
SecondDerivatives hessian_at(const PaddedImage& image, const HessianFilters& filters, std::int64_t y, std::int64_t x);

}  // namespace vaso::vision
