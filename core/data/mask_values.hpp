// Grey values of a mask file to class bits.
#pragma once

#include "vision/grey_image.hpp"

#include "sdk/dataset.hpp"

#include <filesystem>
#include <vector>

namespace vaso::data {

struct MaskValue {
  std::uint8_t grey = 0;
  std::int32_t bits = 0;  // as in Record::labels; 0 = background
};

// Reads a mask. Throws DataError: unreadable, or not of the image's size.
vision::GreyImage read_mask(const std::filesystem::path& mask_file, const std::filesystem::path& image_file,
                            const vision::GreyImage& image);

// Background 0 and foreground 255, or 1 where the mask goes no higher: some tools write 0 and 1.
std::vector<MaskValue> binary_values(const vision::GreyImage& mask);

// H×W int32. Throws DataError naming a value that is not listed, how many pixels have it, and `cure`: a mask of another
// meaning, resized with interpolation, or stored as JPEG must not pass for labels.
at::Tensor labels_of(const vision::GreyImage& mask, const std::vector<MaskValue>& values,
                     const std::filesystem::path& mask_file, const std::string& cure);

}  // namespace vaso::data
