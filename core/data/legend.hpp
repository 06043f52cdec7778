// Which colour stands for which label, said below a picture.
#pragma once

#include "vision/grey_image.hpp"

#include <string>
#include <utility>
#include <vector>

namespace vaso::data {

// The picture with a strip below it that has each label's name behind its colour (vision::label_colour), in as many
// rows as it needs.
vision::ColourImage with_legend(const vision::ColourImage& picture, const std::vector<std::string>& labels);

// The same for names with colours of their own.
vision::ColourImage with_legend(const vision::ColourImage& picture,
                                const std::vector<std::pair<std::string, vision::Colour>>& entries);

// Height in pixels of a line that `write_line` writes.
inline constexpr std::int64_t kLineHeight = 16;

// Writes a name into the line below `top`, from `left` on. Of a name that does not fit `width` pixels the end is kept:
// it is what tells files apart.
void write_line(vision::ColourImage& picture, const std::string& name, std::int64_t top, std::int64_t left,
                std::int64_t width);

}  // namespace vaso::data
