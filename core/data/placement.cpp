#include "data/placement.hpp"

#include "vision/resample.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace vaso::data {

Placement Placement::inverse() const {
  const double det = xx * yy - xy * yx;
  Placement back{yy / det, -xy / det, 0, -yx / det, xx / det, 0};
  back.x0 = -(back.xx * x0 + back.xy * y0);
  back.y0 = -(back.yx * x0 + back.yy * y0);
  return back;
}

double Placement::scale() const { return std::sqrt(std::abs(xx * yy - xy * yx)); }

Placement then(const Placement& first, const Placement& second) {
  return {second.xx * first.xx + second.xy * first.yx,
          second.xx * first.xy + second.xy * first.yy,
          second.xx * first.x0 + second.xy * first.y0 + second.x0,
          second.yx * first.xx + second.yy * first.yx,
          second.yx * first.xy + second.yy * first.yy,
          second.yx * first.x0 + second.yy * first.y0 + second.y0};
}

Placement fitted(std::int64_t height, std::int64_t width, std::int64_t side) {
  const double scale = static_cast<double>(side) / static_cast<double>(std::max(height, width));
  return {scale, 0, 0, 0, scale, 0};
}

namespace {

// Where a stretch of `length` begins in a side: moved at random within what keeps the most of it in view.
double place_along(Philox& random, double length, double side) {
  return (side - length) * random.uniform();  // negative where it is longer than the side
}

}  // namespace

Placement draw_placement(Philox& random, const PlacementRange& range, std::int64_t height, std::int64_t width,
                         std::int64_t side) {
  const Placement fit = fitted(height, width, side);
  const double zoom = random.uniform(range.least_scale, range.most_scale);
  const double angle = random.uniform(-range.rotate, range.rotate) * std::numbers::pi / 180;
  const bool flip = random.uniform() < range.flip;
  const auto extent = static_cast<double>(side);
  const double fitted_width = static_cast<double>(width) * fit.xx, fitted_height = static_cast<double>(height) * fit.yy;

  const double mirror = flip ? -1 : 1;
  const Placement to_middle{1, 0, -fitted_width / 2, 0, 1, -fitted_height / 2};
  const Placement turn{mirror * zoom * std::cos(angle), -zoom * std::sin(angle), 0,
                       mirror * zoom * std::sin(angle), zoom * std::cos(angle),  0};
  const double left = place_along(random, zoom * fitted_width, extent);
  const double top = place_along(random, zoom * fitted_height, extent);
  const Placement from_middle{
      1, 0, left + zoom * fitted_width / 2 + extent * random.uniform(-range.shift, range.shift),
      0, 1, top + zoom * fitted_height / 2 + extent * random.uniform(-range.shift, range.shift)};
  return then(then(then(fit, to_middle), turn), from_middle);
}

void place_image(const Plane& image, const Placement& placement, std::int64_t side, std::uint8_t* out) {
  const double scale = placement.scale();
  Plane source = image;
  Placement rest = placement;
  std::vector<std::uint8_t> shrunk;
  if (scale < 1) {
    const auto shrink = [&](std::int64_t length) {
      return std::max<std::int64_t>(1, std::llround(static_cast<double>(length) * scale));
    };
    source.height = shrink(image.height);
    source.width = shrink(image.width);
    shrunk.resize(static_cast<std::size_t>(source.height * source.width));
    vision::resize_bicubic({image.pixels, image.width, image.height, image.width}, source.height, source.width,
                           shrunk.data());
    source.pixels = shrunk.data();
    const Placement grow{static_cast<double>(image.width) / static_cast<double>(source.width),   0, 0, 0,
                         static_cast<double>(image.height) / static_cast<double>(source.height), 0};
    rest = then(grow, placement);
  }
  const Placement back = rest.inverse();
  const auto pixel = [&](std::int64_t y, std::int64_t x) {
    const bool inside = y >= 0 && x >= 0 && y < source.height && x < source.width;
    return inside ? static_cast<double>(source.pixels[y * source.width + x]) : 0.0;
  };
  for (std::int64_t v = 0; v < side; ++v) {
    for (std::int64_t u = 0; u < side; ++u) {
      const auto [cx, cy] = back.apply(static_cast<double>(u) + 0.5, static_cast<double>(v) + 0.5);
      const double x = cx - 0.5, y = cy - 0.5;
      const double x_floor = std::floor(x), y_floor = std::floor(y);
      const auto x_low = static_cast<std::int64_t>(x_floor), y_low = static_cast<std::int64_t>(y_floor);
      if (x_low < -1 || y_low < -1 || x_low >= source.width || y_low >= source.height) {
        out[v * side + u] = 0;
        continue;
      }
      const double fx = x - x_floor, fy = y - y_floor;
      const double above = pixel(y_low, x_low) * (1 - fx) + (fx > 0 ? pixel(y_low, x_low + 1) * fx : 0);
      const double below =
          fy > 0 ? pixel(y_low + 1, x_low) * (1 - fx) + (fx > 0 ? pixel(y_low + 1, x_low + 1) * fx : 0) : 0;
      out[v * side + u] = static_cast<std::uint8_t>(std::lround(above * (1 - fy) + below * fy));
    }
  }
}

void place_nearest(const Plane& plane, const Placement& placement, std::int64_t side, std::uint8_t* out) {
  const Placement back = placement.inverse();
  for (std::int64_t v = 0; v < side; ++v) {
    for (std::int64_t u = 0; u < side; ++u) {
      const auto [cx, cy] = back.apply(static_cast<double>(u) + 0.5, static_cast<double>(v) + 0.5);
      const auto x = static_cast<std::int64_t>(std::floor(cx)), y = static_cast<std::int64_t>(std::floor(cy));
      const bool inside = x >= 0 && y >= 0 && x < plane.width && y < plane.height;
      out[v * side + u] = inside ? plane.pixels[y * plane.width + x] : 0;
    }
  }
}

std::vector<Box> place_boxes(const std::vector<Box>& boxes, const Placement& placement, std::int64_t side) {
  const auto extent = static_cast<double>(side);
  std::vector<Box> placed;
  for (const Box& box : boxes) {
    double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
    for (const double x : {box.left, box.left + box.width}) {
      for (const double y : {box.top, box.top + box.height}) {
        const auto [u, v] = placement.apply(x, y);
        left = std::min(left, u);
        right = std::max(right, u);
        top = std::min(top, v);
        bottom = std::max(bottom, v);
      }
    }
    const double whole = (right - left) * (bottom - top);
    Box cut = box;
    cut.left = std::clamp(left, 0.0, extent);
    cut.top = std::clamp(top, 0.0, extent);
    cut.width = std::clamp(right, 0.0, extent) - cut.left;
    cut.height = std::clamp(bottom, 0.0, extent) - cut.top;
    const double scale = placement.scale();
    cut.area = box.area * scale * scale;
    if (cut.width < 1 || cut.height < 1 || cut.width * cut.height < 0.25 * whole) continue;
    placed.push_back(cut);
  }
  return placed;
}

}  // namespace vaso::data
