// Which colour stands for which label.
#pragma once

#include "vision/grey_image.hpp"

#include <string>
#include <vector>

namespace vaso::data {

// A strip of this width with each label's name behind its colour (vision::label_colour), in as many rows as it needs.
vision::ColourImage legend(const std::vector<std::string>& labels, std::int64_t width,
                           const vision::Colour& background);

}  // namespace vaso::data
