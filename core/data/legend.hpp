// Which colour stands for which label, said below a picture.
#pragma once

#include "vision/grey_image.hpp"

#include <string>
#include <vector>

namespace vaso::data {

// The picture with a strip below it that has each label's name behind its colour (vision::label_colour), in as many
// rows as it needs.
vision::ColourImage with_legend(const vision::ColourImage& picture, const std::vector<std::string>& labels);

}  // namespace vaso::data
