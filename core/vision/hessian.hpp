// The Hessian of a Gaussian-smoothed image, as scikit-image ≥ 0.20 computes it (feature/corner.py,
// _hessian_matrix_with_gaussian): two passes of first-order Gaussian derivatives at σ/√2, each pass with a reflected
// border (d c b a | a b c d | d c b a).
#pragma once

#include "vision/grey_image.hpp"

#include <functional>
#include <vector>

namespace vaso::vision {

// Half of a Gaussian and of its first derivative, from the centre outwards; the other halves are even and odd mirror
// images.
struct GaussianKernel {
  std::vector<double> smooth;  // sums to 1 over −r…r
  std::vector<double> slope;   // correlation form: slope[j] weighs x[+j] − x[−j]
};

// Taps out to int(truncate·deviation + 0.5), normalised over all of them as scipy does; then the outer ones that are
// below `negligible` of the peak in both kernels are cut. At the default no result changes in float64; 0 keeps all.
GaussianKernel gaussian_kernel(double deviation, double truncate, double negligible = 1e-17);

// One row of the three second derivatives, not multiplied by σ². Rows arrive from the top.
using HessianRow = std::function<void(std::int64_t y, const double* rr, const double* rc, const double* cc)>;

// Truncates at 8 standard deviations, 100 for σ ≤ 1, as scikit-image does.
void hessian(const Plane2d<double>& image, double sigma, const HessianRow& visit);

}  // namespace vaso::vision
