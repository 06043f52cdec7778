// Masks and boxes drawn over grey images, for people who would rather look than read.
#pragma once

#include "vision/grey_image.hpp"

#include <string>
#include <vector>

namespace vaso::vision {

ColourImage to_colour(const GreyImage& image);

// Blends a colour in where the mask is not 0. `strength` in [0,1].
void tint(ColourImage& image, const GreyImage& mask, const Colour& colour, double strength);

// The border of a box, `thickness` pixels to the inside; parts outside the image are left out.
void outline(ColourImage& image, double left, double top, double width, double height, const Colour& colour,
             std::int64_t thickness = 2);

// Rows of pictures, each fitted into a square of `side` pixels, under captions.
ColourImage sheet(const std::vector<std::string>& captions, const std::vector<std::vector<ColourImage>>& rows,
                  std::int64_t side);

}  // namespace vaso::vision
