#include "metrics/distance_transform.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

// A. Meijster, J. Roerdink, W. Hesselink, "A general algorithm for computing distance transforms in linear time", 2000.
// In integers, so that the result is exact and the same everywhere.
namespace vaso::metrics {
namespace {

using Squares = vision::Plane2d<std::int64_t>;

// Distance to the nearest seed of the same column; `far` where there is none.
Squares along_columns(const vision::GreyImage& seeds, std::int64_t far) {
  Squares distance(seeds.height, seeds.width, far);
  for (std::int64_t y = 0; y < seeds.height; ++y) {
    for (std::int64_t x = 0; x < seeds.width; ++x) {
      if (seeds.at(y, x) != 0) {
        distance.at(y, x) = 0;
      } else if (y > 0) {
        distance.at(y, x) = std::min(far, distance.at(y - 1, x) + 1);
      }
    }
  }
  for (std::int64_t y = seeds.height - 2; y >= 0; --y) {
    for (std::int64_t x = 0; x < seeds.width; ++x) {
      distance.at(y, x) = std::min(distance.at(y, x), distance.at(y + 1, x) + 1);
    }
  }
  return distance;
}

std::int64_t floor_divide(std::int64_t above, std::int64_t below) {  // below > 0
  return above >= 0 ? above / below : -((-above + below - 1) / below);
}

// The lower envelope of the parabolas (x − i)² + column[i]²: parabola site[k] is the lowest from start[k] on.
class Envelope {
 public:
  explicit Envelope(std::int64_t width) : site_(static_cast<std::size_t>(width)), start_(site_.size()) {}

  void fit(const std::int64_t* column, std::int64_t width) {
    const auto height = [&](std::int64_t x, std::int64_t i) { return (x - i) * (x - i) + column[i] * column[i]; };
    top_ = 0;
    site_[0] = start_[0] = 0;
    for (std::int64_t u = 1; u < width; ++u) {
      while (top_ >= 0 && height(start_[at(top_)], site_[at(top_)]) > height(start_[at(top_)], u)) --top_;
      if (top_ < 0) {
        top_ = 0;
        site_[0] = u;
        continue;
      }
      const std::int64_t i = site_[at(top_)];
      const std::int64_t from =
          1 + floor_divide(u * u - i * i + column[u] * column[u] - column[i] * column[i], 2 * (u - i));
      if (from >= width) continue;
      ++top_;
      site_[at(top_)] = u;
      start_[at(top_)] = from;
    }
  }

  void write(const std::int64_t* column, std::int64_t width, std::int64_t* row) {
    for (std::int64_t x = width - 1; x >= 0; --x) {
      const std::int64_t i = site_[at(top_)];
      row[x] = (x - i) * (x - i) + column[i] * column[i];
      if (x == start_[at(top_)]) --top_;
    }
  }

 private:
  static std::size_t at(std::int64_t k) { return static_cast<std::size_t>(k); }

  std::vector<std::int64_t> site_, start_;
  std::int64_t top_ = 0;
};

}  // namespace

vision::Plane2d<std::int64_t> squared_distances(const vision::GreyImage& seeds) {
  if (std::all_of(seeds.pixels.begin(), seeds.pixels.end(), [](std::uint8_t pixel) { return pixel == 0; })) {
    throw std::invalid_argument("there is no pixel to measure the distance from");
  }
  const Squares columns = along_columns(seeds, seeds.height + seeds.width);  // further than any pixel
  Squares squares(seeds.height, seeds.width);
  Envelope envelope(seeds.width);
  for (std::int64_t y = 0; y < seeds.height; ++y) {
    envelope.fit(columns.row(y), seeds.width);
    envelope.write(columns.row(y), seeds.width, squares.row(y));
  }
  return squares;
}

}  // namespace vaso::metrics
