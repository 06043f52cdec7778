// What an 8-bit grey level becomes in a batch.
#pragma once

#include <array>
#include <vector>

namespace vaso::data {

using GreyTable = std::array<float, 256>;

// Three normalised channels, (value/255 − mean)/deviation, computed in float64.
inline std::array<GreyTable, 3> normalised_levels(const std::vector<double>& mean,
                                                  const std::vector<double>& deviation) {
  std::array<GreyTable, 3> tables{};
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t value = 0; value < 256; ++value)
      tables[c][value] = static_cast<float>((static_cast<double>(value) / 255.0 - mean[c]) / deviation[c]);
  }
  return tables;
}

// Of maps: the share of 255.
inline GreyTable shares() {
  GreyTable table{};
  for (std::size_t value = 0; value < 256; ++value) table[value] = static_cast<float>(value) / 255.0f;
  return table;
}

}  // namespace vaso::data
