// Which colour stands for which label, in every picture.
#pragma once

#include "vision/grey_image.hpp"

#include <cstddef>

namespace vaso::vision {

// The same label always has the same colour. The first ones are told apart at a glance, and 25 (segments of the
// coronary tree) side by side, by people who lack one kind of cone too; labels beyond the 25th have these colours,
// darker.
Colour label_colour(std::size_t label);

}  // namespace vaso::vision
