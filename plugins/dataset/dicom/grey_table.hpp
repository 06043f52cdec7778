// Stored DICOM values to 8-bit grey.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vaso::dicom {

// A window of interest (PS3.3, C.11.2.1.2).
struct Window {
  double centre = 0, width = 0;
  std::string function = "LINEAR";  // or "LINEAR_EXACT", "SIGMOID"
};

struct PixelCoding {
  int bits_allocated = 8;           // 8 or 16
  int bits_stored = 8;              // 1 … bits_allocated
  bool is_signed = false;           // two's complement
  double slope = 1, intercept = 0;  // to the values that the window is about
  bool white_is_zero = false;       // MONOCHROME1
};

// Grey for every stored word, 2^bits_allocated entries. With a window, its function; without one, the range of
// bits_stored to 0…255, rounded to nearest, as vision/image_io.hpp does for the depth that a file states. Values beyond
// bits_stored are clamped.
std::vector<std::uint8_t> grey_table(const PixelCoding& coding, const std::optional<Window>& window);

}  // namespace vaso::dicom
