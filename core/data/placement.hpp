// Where an image lands in the square input of a network, and the way back.
#pragma once

#include "data/pack.hpp"
#include "data/philox.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace vaso::data {

// An affine map from the image to the input, both in continuous pixels: the first pixel covers [0, 1).
//   input_x = xx·x + xy·y + x0,  input_y = yx·x + yy·y + y0
struct Placement {
  double xx = 1, xy = 0, x0 = 0, yx = 0, yy = 1, y0 = 0;

  std::array<double, 2> apply(double x, double y) const { return {xx * x + xy * y + x0, yx * x + yy * y + y0}; }
  Placement inverse() const;
  double scale() const;  // input pixels per image pixel: √|det|
};

// first, then second.
Placement then(const Placement& first, const Placement& second);

// The image scaled so that its longer side is `side`, in the top left corner; the rest of the input is padding.
Placement fitted(std::int64_t height, std::int64_t width, std::int64_t side);

// Ranges that a placement is drawn from. Albumentations' ShiftScaleRotate with a zero border, as CheXWorld's
// fine-tuning (LeapLabTHU/CheXWorld) uses it; scale [0.1, 2] is detectron2's large-scale jitter.
struct PlacementRange {
  double least_scale = 1, most_scale = 1;
  double shift = 0;   // most, as a share of the side
  double rotate = 0;  // most, degrees to either side
  double flip = 0;    // probability
};

// The fitted image zoomed, rotated and flipped about its middle, then shifted. A zoomed image that is larger than the
// input shows a part drawn evenly among those within it; a smaller one lands anywhere within the input, as large-scale
// jitter does it.
Placement draw_placement(Philox& random, const PlacementRange& range, std::int64_t height, std::int64_t width,
                         std::int64_t side);

// Grey image → side×side, 0 where there is no image. Shrinks with bicubic antialiasing first, as pre-training does,
// then interpolates linearly.
void place_image(const Plane& image, const Placement& placement, std::int64_t side, std::uint8_t* out);

// Plane of bits or values → side×side: the pixel under each centre, 0 where there is none.
void place_nearest(const Plane& plane, const Placement& placement, std::int64_t side, std::uint8_t* out);

// Boxes in the input: around their four moved corners, cut at the border. Those of which less than a quarter, or less
// than a pixel in either direction, is left are dropped.
std::vector<Box> place_boxes(const std::vector<Box>& boxes, const Placement& placement, std::int64_t side);

}  // namespace vaso::data
