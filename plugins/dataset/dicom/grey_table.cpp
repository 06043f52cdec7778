#include "grey_table.hpp"

#include <algorithm>
#include <cmath>

namespace vaso::dicom {
namespace {

// PS3.3, C.11.2.1.2.1, C.11.2.1.3.1 and C.11.2.1.3.2, for output from 0 to 255.
double windowed(double value, const Window& window) {
  if (window.function == "SIGMOID") return 255 / (1 + std::exp(-4 * (value - window.centre) / window.width));
  if (window.function == "LINEAR_EXACT") return ((value - window.centre) / window.width + 0.5) * 255;
  if (window.width <= 1) return value > window.centre - 0.5 ? 255 : 0;
  return ((value - (window.centre - 0.5)) / (window.width - 1) + 0.5) * 255;
}

double looked_up(double value, const InterestTable& table) {
  const double place = std::clamp(std::floor(value - table.first), 0.0, static_cast<double>(table.entries.size() - 1));
  return 255.0 * table.entries[static_cast<std::size_t>(place)] / static_cast<double>((1 << table.bits) - 1);
}

double seen(double value, const Interest& interest) {
  return interest.table ? looked_up(value, *interest.table) : windowed(value, *interest.window);
}

}  // namespace

std::vector<std::uint8_t> grey_table(const PixelCoding& coding, const Interest& interest) {
  const std::int64_t words = std::int64_t{1} << coding.bits_allocated, values = std::int64_t{1} << coding.bits_stored;
  const std::int64_t least = coding.is_signed ? -values / 2 : 0, most = least + values - 1;
  std::vector<std::uint8_t> table(static_cast<std::size_t>(words));
  for (std::int64_t word = 0; word < words; ++word) {
    const std::int64_t stored = coding.is_signed && word >= words / 2 ? word - words : word;
    const auto value = static_cast<double>(std::clamp(stored, least, most));
    const double grey = interest.table || interest.window
                            ? seen(coding.slope * value + coding.intercept, interest)
                            : 255 * (value - static_cast<double>(least)) / static_cast<double>(values - 1);
    const auto rounded = static_cast<std::uint8_t>(std::clamp(std::round(grey), 0.0, 255.0));
    table[static_cast<std::size_t>(word)] = coding.white_is_zero ? static_cast<std::uint8_t>(255 - rounded) : rounded;
  }
  return table;
}

}  // namespace vaso::dicom
