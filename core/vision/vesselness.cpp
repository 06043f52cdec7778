#include "vision/vesselness.hpp"

#include "vision/components.hpp"
#include "vision/hessian.hpp"
#include "vision/percentile.hpp"
#include "vision/prefetch.hpp"
#include "vision/ridge_measures.hpp"

#include "sdk/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vaso::vision {
namespace {

using Filters = std::vector<std::shared_ptr<const HessianFilters>>;

Filters filters_for(const GreyImage& image, const std::vector<double>& sigmas) {
  Filters filters;
  for (const double sigma : sigmas) filters.push_back(hessian_filters(image.height, image.width, sigma));
  return filters;
}

PaddedImage padded_for(const GreyImage& image, const Filters& filters) {
  std::int64_t pad = 0;
  for (const auto& scale : filters) pad = std::max(pad, scale->radius);
  return {image, pad};
}

// What the strip in a coming row will be written to.
void prefetch_next(const FloatImage& plane, const HessianStrip& strip) {
  prefetch(plane.row(std::min(strip.y + kRowsAhead, plane.height - 1)) + strip.x, strip.count);
}

// Eigenvalues are mean ± spread; closed form of a symmetric 2×2 matrix.
struct Eigenvalues {
  double mean, spread;
};
Eigenvalues eigenvalues_at(const PaddedImage& image, const HessianFilters& filters, std::int64_t y, std::int64_t x) {
  const auto [rr, rc, cc] = hessian_at(image, filters, y, x);
  const double half = (rr - cc) / 2;
  return {(rr + cc) / 2, std::sqrt(rc * rc + half * half)};
}

// How far a pixel's response may be from the true one.
struct ResponseError {
  std::int64_t edge = 0;  // so near to an edge of the image, `anywhere` holds
  float inside = 0, anywhere = 0;

  explicit ResponseError(const Filters& scales) {
    for (const auto& scale : scales) {
      edge = std::max(edge, scale->radius);
      inside = std::max(inside, static_cast<float>(scale->inside.eigenvalue));
      anywhere = std::max(anywhere, static_cast<float>(scale->anywhere.eigenvalue));
    }
  }
  // Of pixels x … x + count − 1 of row y.
  float at(const FloatImage& image, std::int64_t y, std::int64_t x, std::int64_t count) const {
    const bool is_inside = y >= edge && y < image.height - edge && x >= edge && x + count <= image.width - edge;
    return is_inside ? inside : anywhere;
  }
};

// A mask truncates the response, so a value next to an integer must be on the right side of it: such values are looked
// at again in double precision.
void settle_near_integers(const PaddedImage& image, const Filters& scales, FloatImage& response) {
  constexpr std::int64_t kBlock = 64;
  const ResponseError errors(scales);
  for (std::int64_t y = 0; y < response.height; ++y) {
    for (std::int64_t x = 0; x < response.width; x += kBlock) {
      const std::int64_t count = std::min(kBlock, response.width - x);
      const float error = errors.at(response, y, x, count);
      if (!any_near_integer(response.row(y) + x, count, error)) continue;
      for (std::int64_t at = x; at < x + count; ++at) {
        float& value = response.at(y, at);
        if (!near_integer(value, error)) continue;
        const float integer = std::nearbyint(value);
        const bool reached = std::any_of(scales.begin(), scales.end(), [&](const auto& scale) {
          const auto [mean, spread] = eigenvalues_at(image, *scale, y, at);
          return mean + spread >= integer;
        });
        value = reached ? std::max(value, integer) : std::min(value, std::nextafter(integer, 0.0f));
      }
    }
  }
}

// |λ1| ≤ |λ2| of every pixel at one scale.
struct Curvatures {
  FloatImage small, large;
  float greatest_norm_squared = 0;
};
void find_curvatures(const PaddedImage& image, const HessianFilters& filters, Curvatures& out) {
  std::vector<float> greatest(static_cast<std::size_t>(image.width()));
  hessian(image, filters, 0, [&](const HessianStrip& strip) {
    for (FloatImage* plane : {&out.small, &out.large}) prefetch_next(*plane, strip);
    curvatures(strip, out.small.row(strip.y) + strip.x, out.large.row(strip.y) + strip.x, greatest.data() + strip.x);
  });
  out.greatest_norm_squared = *std::max_element(greatest.begin(), greatest.end());
}

// Where the trace changes its sign, the response jumps: which side a pixel is on is decided in double precision.
void settle_near_saddles(const PaddedImage& image, const HessianFilters& filters, float strength, Curvatures& found) {
  constexpr std::int64_t kBlock = 64;
  constexpr float kUnseen = 1e-5f;  // of S²/2c²: the jump is smaller still
  const auto error = static_cast<float>(2 * filters.anywhere.trace);
  for (std::int64_t y = 0; y < image.height(); ++y) {
    float *small = found.small.row(y), *large = found.large.row(y);
    for (std::int64_t x = 0; x < image.width(); x += kBlock) {
      const std::int64_t count = std::min(kBlock, image.width() - x);
      if (!any_near_saddle(small + x, large + x, count, error, kUnseen / strength)) continue;
      for (std::int64_t at = x; at < x + count; ++at) {
        if (!any_near_saddle(small + at, large + at, 1, error, kUnseen / strength)) continue;
        const auto [mean, spread] = eigenvalues_at(image, filters, y, at);
        large[at] = static_cast<float>(mean >= 0 ? mean + spread : mean - spread);
        small[at] = static_cast<float>(mean >= 0 ? mean - spread : mean + spread);
      }
    }
  }
}

// A row's part inside a frame of `border` pixels.
struct Inside {
  std::int64_t first, count;
};
template <class T>
Inside inside_of(const Plane2d<T>& image, std::int64_t border, std::int64_t y) {
  if (y < border || y >= image.height - border || 2 * border >= image.width) return {0, 0};
  return {border, image.width - 2 * border};
}

}  // namespace

FloatImage sato(const GreyImage& image, const std::vector<double>& sigmas, std::int64_t margin) {
  FloatImage response(image.height, image.width);
  const Filters filters = filters_for(image, sigmas);
  const PaddedImage padded = padded_for(image, filters);
  for (const auto& scale : filters) {
    hessian(padded, *scale, margin, [&](const HessianStrip& strip) {
      prefetch_next(response, strip);
      raise_to_tubeness(strip, response.row(strip.y) + strip.x);
    });
  }
  settle_near_integers(padded, filters, response);
  return response;
}

FloatImage frangi(const GreyImage& image, const FrangiOptions& options) {
  FloatImage response(image.height, image.width);
  Curvatures found{FloatImage(image.height, image.width), FloatImage(image.height, image.width)};
  const Filters filters = filters_for(image, options.sigmas);
  const PaddedImage padded = padded_for(image, filters);
  for (const auto& scale : filters) {
    find_curvatures(padded, *scale, found);
    const double c_squared = options.c > 0 ? options.c * options.c : found.greatest_norm_squared / 4;
    const double noise = 2 * scale->anywhere.eigenvalue;
    if (c_squared < noise * noise) continue;  // a flat image: nothing but rounding errors
    const auto blob = static_cast<float>(1 / (2 * options.beta * options.beta));
    const auto strength = static_cast<float>(1 / (2 * c_squared));
    settle_near_saddles(padded, *scale, strength, found);
    raise_to_frangi(found.small.pixels.data(), found.large.pixels.data(),
                    static_cast<std::int64_t>(response.pixels.size()), blob, strength, response.pixels.data());
  }
  return response;
}

void check_border(const GreyImage& image, std::int64_t border, const std::string& record) {
  if (2 * border < std::min(image.height, image.width)) return;
  throw DataError({record,
                   "is " + std::to_string(image.width) + "×" + std::to_string(image.height) +
                       " pixels, of which a border of " + std::to_string(border) + " leaves nothing",
                   "set a smaller `border`, in proportion to the images (20 suits 512 pixels)"});
}

GreyImage released_mask(const FloatImage& response, std::int64_t border, double percent, Grow grow) {
  GreyImage mask(response.height, response.width);
  for (std::int64_t y = 0; y < response.height; ++y) {
    const auto [first, count] = inside_of(response, border, y);
    truncate(response.row(y) + first, count, mask.row(y) + first);
  }
  const Histogram histogram = histogram_of(mask.pixels);
  int brightest = 255;
  while (brightest > 0 && histogram[brightest] == 0) --brightest;
  if (brightest == 0) return mask;
  const auto first = std::find(mask.pixels.begin(), mask.pixels.end(), brightest);
  const double least = std::max(1.0, std::ceil(percentile(histogram, percent)));
  threshold(mask.pixels.data(), static_cast<std::int64_t>(mask.pixels.size()), static_cast<std::uint8_t>(least));
  if (grow == Grow::maximum)
    keep_component(mask, static_cast<std::size_t>(first - mask.pixels.begin()), Neighbours::four);
  return mask;
}

GreyImage component_mask(const FloatImage& response, std::int64_t border, double percent, std::int64_t min_area) {
  GreyImage mask(response.height, response.width);
  std::vector<float> inside;
  inside.reserve(response.pixels.size());
  for (std::int64_t y = 0; y < response.height; ++y) {
    const auto [first, count] = inside_of(response, border, y);
    inside.insert(inside.end(), response.row(y) + first, response.row(y) + first + count);
  }
  if (inside.empty()) return mask;
  const double wanted = percentile(inside, percent);
  auto least = static_cast<float>(wanted);
  if (least < wanted)
    least = std::nextafter(least, std::numeric_limits<float>::infinity());  // the same values are at or above it
  for (std::int64_t y = 0; y < response.height; ++y) {
    const auto [first, count] = inside_of(response, border, y);
    threshold(response.row(y) + first, count, least, mask.row(y) + first);
  }
  erase_small_components(mask, min_area, Neighbours::eight);
  return mask;
}

}  // namespace vaso::vision
