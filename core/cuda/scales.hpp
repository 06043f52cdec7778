// The taps of all scales of a filter, one after another.
#pragma once

#include "cuda/vessel_recipe.hpp"

#include <cmath>
#include <vector>

namespace vaso::cuda {

class Scales {
 public:
  // As scikit-image ≥ 0.20 cuts them (feature/corner.py, _hessian_matrix_with_gaussian): Gaussians of σ/√2, out to 8
  // standard deviations, 100 for σ ≤ 1.
  explicit Scales(const std::vector<double>& sigmas) : sigmas_(sigmas) {
    for (const double sigma : sigmas) add(sigma / std::sqrt(2.0), sigma > 1 ? 8.0 : 100.0);
  }
  const std::vector<double>& taps() const { return taps_; }

  // The scales, where a copy of taps() stands at `taps`.
  std::vector<Scale> at(const double* taps) const {
    std::vector<Scale> scales;
    for (std::size_t i = 0; i < sigmas_.size(); taps += 2 * lengths_[i], ++i)
      scales.push_back({sigmas_[i], taps, taps + lengths_[i], static_cast<std::int32_t>(lengths_[i])});
    return scales;
  }

 private:
  // Normalised over all taps, as scipy does; then those that change no result in float64 are left out.
  void add(double deviation, double truncate) {
    const auto radius = static_cast<std::size_t>(truncate * deviation + 0.5);
    const double variance = deviation * deviation;
    std::vector<double> smooth(radius + 1), slope(radius + 1);
    double sum = 0;
    for (std::size_t j = 0; j <= radius; ++j) {
      const auto x = static_cast<double>(j);
      smooth[j] = std::exp(-0.5 * x * x / variance);
      sum += j == 0 ? smooth[j] : 2 * smooth[j];
    }
    std::size_t kept = 1;
    for (std::size_t j = 0; j <= radius; ++j) {
      smooth[j] /= sum;
      slope[j] = static_cast<double>(j) / variance * smooth[j];
      constexpr double negligible = 1e-17;
      // The slope's peak is at one standard deviation: φ(σ)/σ ≈ 0.61·φ(0)/σ.
      if (smooth[j] >= negligible * smooth[0] || slope[j] >= negligible * 0.6 * smooth[0] / deviation) kept = j + 1;
    }
    lengths_.push_back(kept);
    for (const std::vector<double>& half : {smooth, slope})
      taps_.insert(taps_.end(), half.begin(), half.begin() + static_cast<std::ptrdiff_t>(kept));
  }

  std::vector<double> sigmas_, taps_;
  std::vector<std::size_t> lengths_;
};

}  // namespace vaso::cuda
