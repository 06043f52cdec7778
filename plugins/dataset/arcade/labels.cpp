#include "labels.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace vaso::arcade {
namespace {

// In the order of the published category ids 1…25; the 26th is "stenosis".
constexpr std::array kSegments{"1",  "2",   "3",  "4",  "5",   "6",  "7",  "8",   "9",   "9a",  "10",  "10a", "11",
                               "12", "12a", "13", "14", "14a", "15", "16", "16a", "16b", "16c", "12b", "14b"};
constexpr const char* kStenosis = "stenosis";

}  // namespace

Labels::Labels(const std::string& what) : what_(what) {
  if (what == "segments")
    names_.assign(kSegments.begin(), kSegments.end());
  else
    names_ = {what};
}

std::optional<std::int64_t> Labels::of_category(const std::string& name) const {
  const auto segment = std::find(kSegments.begin(), kSegments.end(), name);
  if (name != kStenosis && segment == kSegments.end()) throw std::invalid_argument("no category of ARCADE: " + name);
  if ((name == kStenosis) != (what_ == "stenosis")) return std::nullopt;
  return what_ == "segments" ? segment - kSegments.begin() : 0;
}

bool is_right_coronary(const std::string& category) {
  constexpr std::array kRight{"1", "2", "3", "4", "16a", "16b", "16c"};
  return std::find(kRight.begin(), kRight.end(), category) != kRight.end();
}

}  // namespace vaso::arcade
