// Image files to 8-bit grey, and back.
//
// How a file becomes grey:
//   colour   three equal channels: that channel. Otherwise luma, ITU-R 601 in 16-bit integers as Pillow's convert("L").
//   alpha    ignored.
//   16 bit   the file's own statement where there is one (PGM's maximum; PNG's sBIT = full range); else the smallest
//   depth of 8, 10, 12, 14, 16
//            bits that holds the largest sample: X-ray detectors deliver 10 to 14 bits in 16-bit containers. Value v of
//            depth b becomes round(255·v / (2^b − 1)); for b = 16 that is division by 257.
//   EXIF     orientation is ignored, so that masks stay in place. Of several pages, the first.
#pragma once

#include "vision/grey_image.hpp"
#include "vision/image_check.hpp"

#include <filesystem>

namespace vaso::vision {

constexpr std::int64_t kSmallestSide = 8;     // pixels; below that no patch and no filter makes sense
constexpr std::int64_t kLargestSide = 16384;  // pixels; above that it is no angiogram

// True for names that end in .png .jpg .jpeg .bmp .tif .tiff .pgm, in any case.
bool has_image_extension(const std::filesystem::path& file);

// Decodes PNG, JPEG, BMP, TIFF, PGM. Throws DataError: missing, no regular file, unreadable, empty, unknown format,
// truncated or damaged, sides outside [kSmallestSide, kLargestSide], sample type neither 8 nor 16 bit. [any thread]
GreyImage read_grey(const std::filesystem::path& file);

// Throws DataError where the file cannot be written whole; nothing is left then.
void write_png(const std::filesystem::path& file, const GreyImage& image);
void write_png(const std::filesystem::path& file, const ColourImage& image);

}  // namespace vaso::vision
