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
  bool operator==(const Window&) const = default;
};

// A lookup table of interest (VOI LUT; PS3.3, C.11.2.1.1).
struct InterestTable {
  double first = 0;  // the value of the first entry; lower ones have it too, and what lies beyond the last has the last
  int bits = 8;      // an entry goes from 0 to 2^bits − 1
  std::vector<std::uint16_t> entries;
  bool operator==(const InterestTable&) const = default;
};

// How values are to be seen; with neither, all that can be stored.
struct Interest {
  std::optional<InterestTable> table;  // goes before the window
  std::optional<Window> window;
  bool operator==(const Interest&) const = default;
};

struct PixelCoding {
  int bits_allocated = 8;           // 8 or 16
  int bits_stored = 8;              // 1 … bits_allocated
  bool is_signed = false;           // two's complement
  double slope = 1, intercept = 0;  // to the values that the window is about
  bool white_is_zero = false;       // MONOCHROME1
};

// Grey for every stored word, 2^bits_allocated entries. With a table or a window, what it says; without, the range of
// bits_stored to 0…255, rounded to nearest, as vision/image_io.hpp does for the depth that a file states. Values beyond
// bits_stored are clamped.
std::vector<std::uint8_t> grey_table(const PixelCoding& coding, const Interest& interest);

}  // namespace vaso::dicom
