// Portable grey maps (netpbm), ASCII and raw, up to 16 bit.
#pragma once

#include "vision/grey_image.hpp"
#include "vision/image_check.hpp"

namespace vaso::vision {

struct PgmImage {
  Plane2d<std::uint16_t> samples;
  int largest = 255;  // the value that stands for white; the format states it
};

// Throws BrokenImage: truncated, no numbers, a sample above the stated maximum, a side above `most`.
PgmImage read_pgm(Bytes file, std::int64_t most);

}  // namespace vaso::vision
