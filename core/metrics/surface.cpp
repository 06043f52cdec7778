#include "metrics/surface.hpp"

#include "metrics/distance_transform.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace vaso::metrics {
namespace {

struct Place {
  std::int64_t y, x;
};
using Outline = std::vector<Place>;

Outline outline(const vision::GreyImage& mask) {
  Outline places;
  for (std::int64_t y = 0; y < mask.height; ++y) {
    for (std::int64_t x = 0; x < mask.width; ++x) {
      if (mask.at(y, x) == 0) continue;
      const bool enclosed = y > 0 && x > 0 && y + 1 < mask.height && x + 1 < mask.width && mask.at(y - 1, x) != 0 &&
                            mask.at(y + 1, x) != 0 && mask.at(y, x - 1) != 0 && mask.at(y, x + 1) != 0;
      if (!enclosed) places.push_back({y, x});
    }
  }
  return places;
}

// The smallest rectangle that holds both outlines: no distance between them depends on what is outside it.
struct Window {
  std::int64_t top = std::numeric_limits<std::int64_t>::max(), left = top, bottom = -1, right = -1;

  void include(const Outline& places) {
    for (const Place& place : places) {
      top = std::min(top, place.y), bottom = std::max(bottom, place.y);
      left = std::min(left, place.x), right = std::max(right, place.x);
    }
  }
};

std::vector<double> distances(const Outline& from, const Outline& to, const Window& window) {
  vision::GreyImage seeds(window.bottom - window.top + 1, window.right - window.left + 1);
  for (const Place& place : to) seeds.at(place.y - window.top, place.x - window.left) = 1;
  const auto squares = squared_distances(seeds);
  std::vector<double> result;
  result.reserve(from.size());
  for (const Place& place : from) {
    result.push_back(std::sqrt(static_cast<double>(squares.at(place.y - window.top, place.x - window.left))));
  }
  return result;
}

double percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double rank = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const double above = values[std::min(below + 1, values.size() - 1)];
  return values[below] + (above - values[below]) * (rank - static_cast<double>(below));
}

}  // namespace

SurfaceDistances surface_distances(const vision::GreyImage& truth, const vision::GreyImage& prediction) {
  if (truth.height != prediction.height || truth.width != prediction.width) {
    throw std::invalid_argument("truth and prediction have different sizes");
  }
  const Outline of_truth = outline(truth), of_prediction = outline(prediction);
  if (of_truth.empty() || of_prediction.empty()) {
    constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
    return {undefined, undefined};
  }
  Window window;
  window.include(of_truth);
  window.include(of_prediction);
  const std::vector<double> there = distances(of_prediction, of_truth, window);
  const std::vector<double> back = distances(of_truth, of_prediction, window);
  const double sum = std::accumulate(there.begin(), there.end(), std::accumulate(back.begin(), back.end(), 0.0));
  return {std::max(percentile(there, .95), percentile(back, .95)),
          sum / static_cast<double>(there.size() + back.size())};
}

}  // namespace vaso::metrics
