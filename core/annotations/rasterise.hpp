// Polygons to pixels exactly as COCO does it.
//
// The rasteriser is part of the ground truth: painting ARCADE's outlines with OpenCV's fillPoly instead makes vessels
// 10 % larger and moves Dice by five points, because it paints the boundary too. COCO's is the one that annotation
// tools and the data sets' own `area` fields go by (cocodataset/cocoapi, common/maskApi.c, rleFrPoly): pixel centres,
// half-open, even-odd.
#pragma once

#include "vision/grey_image.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace vaso::annotations {

// x, y, x, y, … in pixels of the image, of which (0, 0) is the upper left corner of the upper left pixel.
using Polygon = std::vector<double>;

constexpr std::uint8_t kInside = 255;

// 255 inside, 0 outside; what lies beyond the image is cut off. A self-intersecting polygon is even-odd: an area that
// it goes round twice is outside. No points, or points without an area, are no pixels. Throws std::invalid_argument:
// an odd number of coordinates, one that is not finite or further than 10^6 pixels away, a negative size.
vision::GreyImage rasterise(std::span<const double> xy, std::int64_t height, std::int64_t width);

// The union of several polygons, which is how COCO reads an object of several parts.
vision::GreyImage rasterise(std::span<const Polygon> polygons, std::int64_t height, std::int64_t width);

// Pixels that are not 0. Of a rasterised polygon this is COCO's `area`.
std::int64_t count_pixels(const vision::GreyImage& mask);

}  // namespace vaso::annotations
