#include "annotations/rasterise.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace vaso::annotations {
namespace {

constexpr double kScale = 5;  // sub-pixels a pixel side
constexpr double kFarthest = 1e6;

struct Point {
  std::int64_t x = 0, y = 0;
};

// As C's cast, towards zero: coordinates left of the image therefore round half down.
std::int64_t scaled(double coordinate) { return static_cast<std::int64_t>(kScale * coordinate + .5); }

// Calls visit(point) for the integer points of an edge from its start to its end, one a step along the longer axis.
// The edge is always computed from its left (upper) end, so that neighbours that share it agree on its points.
template <class Visit>
void walk(Point from, Point to, Visit visit) {
  const std::int64_t dx = std::abs(to.x - from.x), dy = std::abs(to.y - from.y);
  if (dx == 0 && dy == 0) return visit(from);
  const bool flip = (dx >= dy && from.x > to.x) || (dx < dy && from.y > to.y);
  if (flip) std::swap(from, to);
  const std::int64_t steps = std::max(dx, dy);
  const double length = static_cast<double>(steps);
  const double slope = static_cast<double>(dx >= dy ? to.y - from.y : to.x - from.x) / length;
  const double base = static_cast<double>(dx >= dy ? from.y : from.x);
  for (std::int64_t d = 0; d <= steps; ++d) {
    const std::int64_t t = flip ? steps - d : d;
    const auto other = static_cast<std::int64_t>(base + slope * static_cast<double>(t) + .5);
    visit(dx >= dy ? Point{from.x + t, other} : Point{other, from.y + t});
  }
}

// Where the boundary crosses the columns of pixel centres, as positions in column-major order, sorted. Between the
// first and the second is inside, and so on.
std::vector<std::int64_t> crossings(std::span<const double> xy, std::int64_t height, std::int64_t width) {
  std::vector<std::int64_t> found;
  const std::size_t count = xy.size() / 2;
  const auto vertex = [&](std::size_t i) {
    return Point{scaled(xy[2 * (i % count)]), scaled(xy[2 * (i % count) + 1])};
  };
  Point last = vertex(0);
  for (std::size_t i = 0; i < count; ++i) {
    walk(vertex(i), vertex(i + 1), [&](Point point) {
      const Point before = std::exchange(last, point);
      if (point.x == before.x) return;
      const double x = (static_cast<double>(std::max(point.x, before.x) - 1) + .5) / kScale - .5;
      if (std::floor(x) != x || x < 0 || x > static_cast<double>(width - 1)) return;
      const double y = (static_cast<double>(std::min(point.y, before.y)) + .5) / kScale - .5;
      const double row = std::ceil(std::clamp(y, 0.0, static_cast<double>(height)));
      found.push_back(static_cast<std::int64_t>(x) * height + static_cast<std::int64_t>(row));
    });
  }
  std::sort(found.begin(), found.end());
  return found;
}

void paint(std::span<const double> xy, vision::GreyImage& mask) {
  if (xy.size() % 2 != 0) throw std::invalid_argument("a polygon is pairs of coordinates, x and y in turn");
  for (const double coordinate : xy) {
    if (!(std::abs(coordinate) <= kFarthest)) {
      throw std::invalid_argument("a coordinate of a polygon is not finite, or more than 10^6 pixels away");
    }
  }
  if (xy.empty()) return;
  std::vector<std::int64_t> runs = crossings(xy, mask.height, mask.width);
  if (runs.size() % 2 != 0) runs.push_back(mask.height * mask.width);
  for (std::size_t i = 0; i < runs.size(); i += 2) {
    for (std::int64_t place = runs[i]; place < runs[i + 1]; ++place) {
      mask.at(place % mask.height, place / mask.height) = kInside;
    }
  }
}

vision::GreyImage blank(std::int64_t height, std::int64_t width) {
  if (height < 0 || width < 0) throw std::invalid_argument("an image has no negative size");
  return vision::GreyImage(height, width);
}

}  // namespace

vision::GreyImage rasterise(std::span<const double> xy, std::int64_t height, std::int64_t width) {
  vision::GreyImage mask = blank(height, width);
  paint(xy, mask);
  return mask;
}

vision::GreyImage rasterise(std::span<const Polygon> polygons, std::int64_t height, std::int64_t width) {
  vision::GreyImage mask = blank(height, width);
  for (const Polygon& polygon : polygons) paint(polygon, mask);
  return mask;
}

std::int64_t count_pixels(const vision::GreyImage& mask) {
  return std::count_if(mask.pixels.begin(), mask.pixels.end(), [](std::uint8_t pixel) { return pixel != 0; });
}

}  // namespace vaso::annotations
