// Two passes of Gaussian filters along one axis of an image, as one filter.
//
// scikit-image's Hessian filters twice with first-order derivatives at σ/√2, each time with a reflected border. Inside
// the image both passes are one convolution with a composed kernel. Near the border they are not: the derivative of a
// reflected image is an odd reflection, but the second pass reflects it evenly. So the outputs there have weights of
// their own.
#pragma once

#include <cstdint>
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

// Of a mixed derivative, rows are differentiated in the first pass and columns in the second.
enum class Axis { rows, columns };

// The weights of every output of one filter: output i is Σ_k w[k]·in[first(i) + k].
struct AxisFilter {
  std::vector<double> kernel;              // 2·radius + 1, of all outputs inside
  std::vector<std::vector<double>> front;  // of the outputs 0 … radius−1
  std::vector<std::vector<double>> back;   // of the outputs size−1, size−2, …
  double lost = 0;                         // largest sum of |weights| that were cut from an output
};

struct AxisFilters {
  std::int64_t size = 0;    // of the axis
  std::int64_t radius = 0;  // the same for all three
  AxisFilter smooth;        // G
  AxisFilter slope;         // σ·G′
  AxisFilter curve;         // σ²·G″

  bool inside(std::int64_t i) const { return i >= radius && i < size - radius; }
  std::int64_t first(std::int64_t i) const { return i < radius ? 0 : i - radius; }
  std::int64_t count(std::int64_t i) const { return (i + radius < size ? i + radius + 1 : size) - first(i); }
  const std::vector<double>& weights(const AxisFilter& filter, std::int64_t i) const {
    if (inside(i)) return filter.kernel;
    if (i < radius) return filter.front[static_cast<std::size_t>(i)];
    return filter.back[static_cast<std::size_t>(size - 1 - i)];
  }

  // The same with the smallest radius at which no filter loses more than `negligible` of its weights.
  AxisFilters cut(double negligible) const;
};

// Taps as scikit-image has them: out to 8 standard deviations, 100 for σ ≤ 1.
AxisFilters axis_filters(std::int64_t size, double sigma, Axis axis);

// The position that a reflected border (d c b a | a b c d | d c b a) shows at `at`.
std::int64_t reflect(std::int64_t at, std::int64_t size);

}  // namespace vaso::vision
