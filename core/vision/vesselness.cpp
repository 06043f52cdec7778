#include "vision/vesselness.hpp"

#include "vision/hessian.hpp"

#include "sdk/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace vaso::vision {
namespace {

Plane2d<double> to_double(const GreyImage& image) {
  Plane2d<double> copy(image.height, image.width);
  std::copy(image.pixels.begin(), image.pixels.end(), copy.pixels.begin());
  return copy;
}

// Eigenvalues are mean ± spread; closed form of a symmetric 2×2 matrix.
struct Eigenvalues {
  double mean, spread;
};
Eigenvalues eigenvalues(double rr, double rc, double cc) {
  const double half = (rr - cc) / 2;
  return {(rr + cc) / 2, std::sqrt(rc * rc + half * half)};
}

// |λ1| ≤ |λ2| of every pixel at one scale, σ² normalised.
struct Curvatures {
  Plane2d<double> small, large;
  double greatest_norm_squared = 0;
};
Curvatures curvatures(const Plane2d<double>& image, double sigma) {
  Curvatures result{Plane2d<double>(image.height, image.width), Plane2d<double>(image.height, image.width)};
  hessian(image, sigma, [&](std::int64_t y, const double* rr, const double* rc, const double* cc) {
    for (std::int64_t x = 0; x < image.width; ++x) {
      const auto [mean, spread] = eigenvalues(rr[x], rc[x], cc[x]);
      const double upper = sigma * sigma * (mean + spread);
      const double lower = sigma * sigma * (mean - spread);
      const bool upper_is_large = mean >= 0;
      result.large.at(y, x) = upper_is_large ? upper : lower;
      result.small.at(y, x) = upper_is_large ? lower : upper;
      result.greatest_norm_squared = std::max(result.greatest_norm_squared, upper * upper + lower * lower);
    }
  });
  return result;
}

cv::Mat view(const GreyImage& image) {
  return {static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC1,
          const_cast<std::uint8_t*>(image.pixels.data())};
}

// Keeps the component of `mask` that holds pixel `seed`.
void keep_component(GreyImage& mask, std::size_t seed, int connectivity) {
  cv::Mat labels;
  cv::connectedComponents(view(mask), labels, connectivity, CV_32S);
  const auto* label = labels.ptr<std::int32_t>();
  const std::int32_t wanted = label[seed];
  for (std::size_t i = 0; i < mask.pixels.size(); ++i) mask.pixels[i] = label[i] == wanted ? 255 : 0;
}

// numpy interpolates between neighbours of the sorted values; of 256 possible values a histogram is the sorted array.
double percentile_of_bytes(const std::vector<std::uint8_t>& values, double percent) {
  std::int64_t histogram[256] = {};
  for (const std::uint8_t value : values) ++histogram[value];
  const double position = percent / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::int64_t>(position);
  const auto nth = [&](std::int64_t n) {
    int value = 0;
    for (std::int64_t seen = histogram[0]; seen <= n && value < 255; seen += histogram[++value]) {
    }
    return value;
  };
  const int low = nth(below);
  const int high = nth(std::min<std::int64_t>(below + 1, static_cast<std::int64_t>(values.size()) - 1));
  return low + (high - low) * (position - static_cast<double>(below));
}

}  // namespace

FloatImage sato(const GreyImage& image, const std::vector<double>& sigmas) {
  const Plane2d<double> values = to_double(image);
  Plane2d<double> largest(image.height, image.width);
  for (const double sigma : sigmas) {
    hessian(values, sigma, [&](std::int64_t y, const double* rr, const double* rc, const double* cc) {
      double* out = largest.row(y);
      for (std::int64_t x = 0; x < image.width; ++x) {
        const auto [mean, spread] = eigenvalues(rr[x], rc[x], cc[x]);
        out[x] = std::max(out[x], sigma * sigma * (mean + spread));
      }
    });
  }
  FloatImage response(image.height, image.width);
  std::transform(largest.pixels.begin(), largest.pixels.end(), response.pixels.begin(), [](double value) {
    // Rounding to float must not carry a value over the integer at which the mask's truncation cuts.
    const auto rounded = static_cast<float>(value);
    return rounded > value ? std::nextafter(rounded, 0.0f) : rounded;
  });
  return response;
}

FloatImage frangi(const GreyImage& image, const FrangiOptions& options) {
  const Plane2d<double> values = to_double(image);
  FloatImage response(image.height, image.width);
  for (const double sigma : options.sigmas) {
    const Curvatures at_scale = curvatures(values, sigma);
    const double c_squared = options.c > 0 ? options.c * options.c : at_scale.greatest_norm_squared / 4;
    if (c_squared < 1e-12) continue;  // a flat image: nothing but rounding errors
    const double blob = 1 / (2 * options.beta * options.beta);
    const double strength = 1 / (2 * c_squared);
    for (std::size_t i = 0; i < response.pixels.size(); ++i) {
      const double large = at_scale.large.pixels[i];
      if (large <= 0) continue;
      const double small = at_scale.small.pixels[i];
      const double ratio = small / large;
      const double value =
          std::exp(-ratio * ratio * blob) * (1 - std::exp(-(small * small + large * large) * strength));
      response.pixels[i] = std::max(response.pixels[i], static_cast<float>(value));
    }
  }
  return response;
}

double percentile(std::vector<float> values, double percent) {
  const double position = percent / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(position);
  const auto nth = values.begin() + below;
  std::nth_element(values.begin(), nth, values.end());
  const double low = *nth;
  if (nth + 1 == values.end()) return low;
  const double high = *std::min_element(nth + 1, values.end());
  return low + (high - low) * (position - static_cast<double>(below));
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
  std::transform(response.pixels.begin(), response.pixels.end(), mask.pixels.begin(),
                 [](float value) { return static_cast<std::uint8_t>(value); });
  erase_border(mask, border);
  const double threshold = percentile_of_bytes(mask.pixels, percent);
  const auto brightest = std::max_element(mask.pixels.begin(), mask.pixels.end());  // the first of equals
  const auto seed = static_cast<std::size_t>(brightest - mask.pixels.begin());
  const bool empty = *brightest == 0;
  for (std::uint8_t& value : mask.pixels) value = value > 0 && value >= threshold ? 255 : 0;
  if (grow == Grow::maximum && !empty) keep_component(mask, seed, 4);
  return mask;
}

GreyImage component_mask(const FloatImage& response, std::int64_t border, double percent, std::int64_t min_area) {
  GreyImage mask(response.height, response.width);
  std::vector<float> inside;
  for (std::int64_t y = border; y < response.height - border; ++y) {
    if (response.width > 2 * border)
      inside.insert(inside.end(), response.row(y) + border, response.row(y) + response.width - border);
  }
  if (inside.empty()) return mask;
  const double threshold = percentile(std::move(inside), percent);
  for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
    mask.pixels[i] = response.pixels[i] > 0 && response.pixels[i] >= threshold ? 255 : 0;
  }
  erase_border(mask, border);
  cv::Mat labels, statistics, centres;
  cv::connectedComponentsWithStats(view(mask), labels, statistics, centres, 8, CV_32S);
  const auto* label = labels.ptr<std::int32_t>();
  for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
    if (statistics.at<int>(label[i], cv::CC_STAT_AREA) < min_area) mask.pixels[i] = 0;
  }
  return mask;
}

}  // namespace vaso::vision
