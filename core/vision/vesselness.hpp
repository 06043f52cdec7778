// How much each pixel of an angiogram looks like a dark tube, and masks made from that.
//
// Input is 8-bit grey at its native size, values 0…255, not inverted: contrast agent is dark.
#pragma once

#include "vision/grey_image.hpp"

#include <string>
#include <vector>

namespace vaso::vision {

// Sato's tubeness as the released VasoMIM code uses it (scikit-image ≥ 0.20, filters/ridges.py, black ridges):
// max over σ of σ²·max(λ, 0) with λ the larger eigenvalue of the Hessian. At most about 124. Computed in single
// precision, to 1e-3 of the true value; the integer that a value truncates to is that of double precision. Pixels
// nearer than `margin` to an edge are left 0. [any thread]
FloatImage sato(const GreyImage& image, const std::vector<double>& sigmas, std::int64_t margin = 0);

struct FrangiOptions {
  std::vector<double> sigmas{1, 2, 3, 4};  // pixels
  double beta = 0.5;                       // how blob-like a structure may be
  double c = 0;  // how strong it must be, grey levels (σ² normalised); 0 = half the largest Hessian norm, at each scale
};

// Frangi, Niessen, Vincken, Viergever, "Multiscale vessel enhancement filtering", MICCAI 1998, for dark tubes in 2-D:
// with |λ1| ≤ |λ2|, zero where λ2 ≤ 0, else exp(−R²/2β²)·(1 − exp(−S²/2c²)), R = |λ1|/|λ2|, S = √(λ1² + λ2²), λ of the
// σ²-normalised Hessian; maximum over σ. In [0,1]. (scikit-image's frangi differs: it freezes c at the first σ and does
// not normalise.) Computed in single precision. [any thread]
FloatImage frangi(const GreyImage& image, const FrangiOptions& options);

// Sets a frame of `border` pixels to zero, or everything where the image is no larger than the frame.
template <class T>
void erase_border(Plane2d<T>& image, std::int64_t border) {
  for (std::int64_t y = 0; y < image.height; ++y) {
    for (std::int64_t x = 0; x < image.width; ++x) {
      if (y < border || x < border || y >= image.height - border || x >= image.width - border) image.at(y, x) = T{};
    }
  }
}

// Throws DataError naming `record` where a frame of `border` pixels leaves nothing of the image.
void check_border(const GreyImage& image, std::int64_t border, const std::string& record);

// What of the response becomes vessel.
enum class Grow {
  maximum,  // one 4-connected component, the one that holds the first maximum in raster order (released code)
  all,      // everything above the percentile
};

// The released mask (frangi_filter.py of the VasoMIM release): response truncated to uint8, a frame of `border` pixels
// zeroed, threshold t = percentile over all pixels including that frame, kept where > 0 and ≥ t, then grown. 255 =
// vessel.
GreyImage released_mask(const FloatImage& response, std::int64_t border = 20, double percent = 92,
                        Grow grow = Grow::maximum);

// 255 where the response is positive and at or above the percentile of the pixels inside the border, in 8-connected
// components of at least `min_area` pixels. All zero where the image is no larger than the frame.
GreyImage component_mask(const FloatImage& response, std::int64_t border, double percent, std::int64_t min_area);

}  // namespace vaso::vision
