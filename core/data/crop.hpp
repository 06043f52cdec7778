// Which part of an image a view shows.
#pragma once

#include "data/philox.hpp"

#include "sdk/objective.hpp"

namespace vaso::data {

struct Crop {
  std::int64_t top = 0, left = 0, height = 0, width = 0;  // pixels of the image
  bool flip = false;
};

// torchvision's RandomResizedCrop.get_params: ten tries of an area drawn evenly and an aspect ratio (width / height)
// drawn evenly in its logarithm; then the largest centred crop of an allowed aspect. A flip is drawn after it.
Crop draw_crop(Philox& random, const ViewSpec& view, std::int64_t height, std::int64_t width);

}  // namespace vaso::data
