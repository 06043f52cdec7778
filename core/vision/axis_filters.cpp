#include "vision/axis_filters.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace vaso::vision {
namespace {

// A kernel over −r…r in correlation form, index r being the centre.
using Taps = std::vector<double>;

Taps whole(const std::vector<double>& half, double mirrored) {
  const std::size_t radius = half.size() - 1;
  Taps taps(2 * radius + 1);
  for (std::size_t j = 0; j <= radius; ++j) {
    taps[radius - j] = mirrored * half[j];
    taps[radius + j] = half[j];  // last, so that the centre of an odd kernel is its own 0
  }
  return taps;
}

// The weights of output `i` when `second` follows `first`, both with a reflected border, over an axis of `size`.
std::vector<double> composed(const Taps& first, const Taps& second, std::int64_t i, std::int64_t size) {
  const auto radius = static_cast<std::int64_t>(first.size() / 2);
  std::vector<double> weights(static_cast<std::size_t>(size));
  for (std::int64_t k = -radius; k <= radius; ++k) {
    const std::int64_t between = reflect(i + k, size);
    const double weight = second[static_cast<std::size_t>(radius + k)];
    for (std::int64_t m = -radius; m <= radius; ++m) {
      weights[static_cast<std::size_t>(reflect(between + m, size))] +=
          weight * first[static_cast<std::size_t>(radius + m)];
    }
  }
  return weights;
}

double sum_of_magnitudes(std::vector<double>::const_iterator begin, std::vector<double>::const_iterator end) {
  double sum = 0;
  for (; begin != end; ++begin) sum += std::abs(*begin);
  return sum;
}

AxisFilter compose(const Taps& first, const Taps& second, double scale, std::int64_t size) {
  const auto radius = static_cast<std::int64_t>(first.size()) - 1;  // of both together
  AxisFilter filter;
  // Inside an axis long enough that no border is seen.
  const std::vector<double> inside = composed(first, second, 2 * radius, 4 * radius + 1);
  filter.kernel.assign(inside.begin() + radius, inside.begin() + 3 * radius + 1);
  for (std::int64_t i = 0; i < std::min(radius, size); ++i) {
    std::vector<double> weights = composed(first, second, i, size);
    weights.resize(static_cast<std::size_t>(std::min(size, i + radius + 1)));
    filter.front.push_back(std::move(weights));
  }
  for (std::int64_t i = size - 1; i >= std::max(radius, size - radius); --i) {
    const std::vector<double> weights = composed(first, second, i, size);
    filter.back.emplace_back(weights.begin() + (i - radius), weights.end());
  }
  const auto scaled = [scale](std::vector<double>& weights) {
    for (double& weight : weights) weight *= scale;
  };
  scaled(filter.kernel);
  std::for_each(filter.front.begin(), filter.front.end(), scaled);
  std::for_each(filter.back.begin(), filter.back.end(), scaled);
  return filter;
}

// `filter` of radius `old_radius` cut to `radius`.
AxisFilter cut_to(const AxisFilters& all, const AxisFilter& filter, std::int64_t radius) {
  AxisFilter result;
  result.lost = filter.lost;
  AxisFilters place = all;  // first and count at the new radius
  place.radius = radius;
  const auto taken = [&](std::int64_t i) {
    const std::vector<double>& weights = all.weights(filter, i);
    const auto begin = weights.begin() + (place.first(i) - all.first(i));
    const auto end = begin + place.count(i);
    result.lost = std::max(
        result.lost, filter.lost + sum_of_magnitudes(weights.begin(), begin) + sum_of_magnitudes(end, weights.end()));
    return std::vector<double>(begin, end);
  };
  const std::int64_t spare = all.radius - radius;
  result.kernel.assign(filter.kernel.begin() + spare, filter.kernel.end() - spare);
  result.lost =
      std::max(result.lost, filter.lost + 2 * sum_of_magnitudes(filter.kernel.begin(), filter.kernel.begin() + spare));
  for (std::int64_t i = 0; i < std::min(radius, all.size); ++i) result.front.push_back(taken(i));
  for (std::int64_t i = all.size - 1; i >= std::max(radius, all.size - radius); --i) result.back.push_back(taken(i));
  // Outputs that saw the border and now count as inside take the inner kernel.
  for (std::int64_t i = radius; i < std::min(all.radius, all.size - radius); ++i) {
    for (const std::int64_t at : {i, all.size - 1 - i}) {
      const std::vector<double> own = taken(at);
      double change = 0;
      for (std::size_t k = 0; k < own.size(); ++k) change += std::abs(own[k] - result.kernel[k]);
      result.lost = std::max(result.lost, filter.lost + change);
    }
  }
  return result;
}

}  // namespace

std::int64_t reflect(std::int64_t at, std::int64_t size) {
  if (at >= 0 && at < size) return at;
  const std::int64_t period = 2 * size;
  at = ((at % period) + period) % period;
  return at < size ? at : period - 1 - at;
}

GaussianKernel gaussian_kernel(double deviation, double truncate, double negligible) {
  const auto radius = static_cast<std::size_t>(truncate * deviation + 0.5);
  const double variance = deviation * deviation;
  GaussianKernel kernel{std::vector<double>(radius + 1), std::vector<double>(radius + 1)};
  double sum = 0;
  for (std::size_t j = 0; j <= radius; ++j) {
    const auto x = static_cast<double>(j);
    kernel.smooth[j] = std::exp(-0.5 * x * x / variance);
    sum += j == 0 ? kernel.smooth[j] : 2 * kernel.smooth[j];
  }
  std::size_t kept = 1;
  for (std::size_t j = 0; j <= radius; ++j) {
    kernel.smooth[j] /= sum;
    kernel.slope[j] = static_cast<double>(j) / variance * kernel.smooth[j];
    // The slope's peak is at one standard deviation: φ(σ)/σ ≈ 0.61·φ(0)/σ.
    const double slope_peak = 0.6 * kernel.smooth[0] / deviation;
    if (kernel.smooth[j] >= negligible * kernel.smooth[0] || kernel.slope[j] >= negligible * slope_peak) kept = j + 1;
  }
  kernel.smooth.resize(kept);
  kernel.slope.resize(kept);
  return kernel;
}

AxisFilters axis_filters(std::int64_t size, double sigma, Axis axis) {
  const GaussianKernel kernel = gaussian_kernel(sigma / std::sqrt(2.0), sigma > 1 ? 8.0 : 100.0);
  const Taps smooth = whole(kernel.smooth, 1), slope = whole(kernel.slope, -1);
  AxisFilters filters;
  filters.size = size;
  filters.radius = static_cast<std::int64_t>(smooth.size()) - 1;
  filters.smooth = compose(smooth, smooth, 1, size);
  filters.slope = axis == Axis::rows ? compose(slope, smooth, sigma, size) : compose(smooth, slope, sigma, size);
  filters.curve = compose(slope, slope, sigma * sigma, size);
  return filters;
}

AxisFilters AxisFilters::cut(double negligible) const {
  const auto lost_beyond = [](const AxisFilter& filter, std::int64_t kept) {
    const auto middle = static_cast<std::int64_t>(filter.kernel.size() / 2);
    return 2 * sum_of_magnitudes(filter.kernel.begin() + middle + kept + 1, filter.kernel.end());
  };
  std::int64_t kept = radius;
  while (kept > 1 && std::max({lost_beyond(smooth, kept - 1), lost_beyond(slope, kept - 1),
                               lost_beyond(curve, kept - 1)}) <= negligible) {
    --kept;
  }
  AxisFilters result;
  result.size = size;
  result.radius = kept;
  result.smooth = cut_to(*this, smooth, kept);
  result.slope = cut_to(*this, slope, kept);
  result.curve = cut_to(*this, curve, kept);
  return result;
}

}  // namespace vaso::vision
