#include "data/crop.hpp"

#include <cmath>

namespace vaso::data {
namespace {

std::int64_t round_to_even(double value) {
  return static_cast<std::int64_t>(std::nearbyint(value));
}  // as Python's round

Crop centre_crop(const ViewSpec& view, std::int64_t height, std::int64_t width) {
  const double aspect = static_cast<double>(width) / static_cast<double>(height);
  Crop crop{0, 0, height, width, false};
  if (aspect < view.least_aspect) crop.height = round_to_even(static_cast<double>(width) / view.least_aspect);
  if (aspect > view.most_aspect) crop.width = round_to_even(static_cast<double>(height) * view.most_aspect);
  crop.top = (height - crop.height) / 2;
  crop.left = (width - crop.width) / 2;
  return crop;
}

Crop draw_box(Philox& random, const ViewSpec& view, std::int64_t height, std::int64_t width) {
  const double area = static_cast<double>(height * width);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double wanted = area * random.uniform(view.least_area, view.most_area);
    const double aspect = std::exp(random.uniform(std::log(view.least_aspect), std::log(view.most_aspect)));
    const std::int64_t w = round_to_even(std::sqrt(wanted * aspect));
    const std::int64_t h = round_to_even(std::sqrt(wanted / aspect));
    if (w <= 0 || h <= 0 || w > width || h > height) continue;
    const auto top = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(height - h + 1)));
    const auto left = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(width - w + 1)));
    return {top, left, h, w, false};
  }
  return centre_crop(view, height, width);
}

}  // namespace

Crop draw_crop(Philox& random, const ViewSpec& view, std::int64_t height, std::int64_t width) {
  Crop crop = draw_box(random, view, height, width);
  crop.flip = random.uniform() < view.flip;
  return crop;
}

}  // namespace vaso::data
