// The Hessian in double precision exactly as scikit-image computes it, pass by pass: what the fast one is tested
// against.
#pragma once

#include "vision/axis_filters.hpp"
#include "vision/grey_image.hpp"

#include <cmath>

namespace vaso::tests {

struct TwoPassHessian {
  vision::Plane2d<double> rr, rc, cc;  // times σ²
};

inline TwoPassHessian two_pass_hessian(const vision::GreyImage& image, double sigma) {
  using Image = vision::Plane2d<double>;
  const vision::GaussianKernel kernel = vision::gaussian_kernel(sigma / std::sqrt(2.0), sigma > 1 ? 8.0 : 100.0);
  const auto radius = static_cast<std::int64_t>(kernel.smooth.size()) - 1;
  const auto filtered = [&](const Image& in, bool along_rows, bool slope, double scale) {
    Image out(in.height, in.width);
    for (std::int64_t y = 0; y < in.height; ++y) {
      for (std::int64_t x = 0; x < in.width; ++x) {
        const auto at = [&](std::int64_t j) {
          return along_rows ? in.at(y, vision::reflect(x + j, in.width)) : in.at(vision::reflect(y + j, in.height), x);
        };
        double sum = slope ? 0 : kernel.smooth[0] * at(0);
        for (std::int64_t j = 1; j <= radius; ++j) {
          const auto tap = static_cast<std::size_t>(j);
          sum += slope ? kernel.slope[tap] * (at(j) - at(-j)) : kernel.smooth[tap] * (at(j) + at(-j));
        }
        out.at(y, x) = scale * sum;
      }
    }
    return out;
  };
  const auto slope_down = [&](const Image& in) { return filtered(filtered(in, false, true, sigma), true, false, 1); };
  const auto slope_along = [&](const Image& in) { return filtered(filtered(in, false, false, 1), true, true, sigma); };
  Image grey(image.height, image.width);
  for (std::size_t i = 0; i < grey.pixels.size(); ++i) grey.pixels[i] = image.pixels[i];
  const Image down = slope_down(grey), along = slope_along(grey);
  return {slope_down(down), slope_along(down), slope_along(along)};
}

}  // namespace vaso::tests
