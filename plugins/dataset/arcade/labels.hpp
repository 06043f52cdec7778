// ARCADE's categories as labels of a task.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vaso::arcade {

class Labels {
 public:
  // what: "vessel", "segments" or "stenosis".
  explicit Labels(const std::string& what);

  const std::vector<std::string>& names() const { return names_; }
  bool with_boxes() const { return what_ == "stenosis"; }

  // Of a category's name; ids count for nothing: exports of the challenge's first phase begin at 0, the others at 1,
  // and id 10 is the segment "9a". Nothing where the category is none of these labels. Throws std::invalid_argument
  // where ARCADE has no such category.
  std::optional<std::int64_t> of_category(const std::string& name) const;

 private:
  std::string what_;
  std::vector<std::string> names_;
};

// True where a segment of this name is one of the right coronary artery (laudominik/torch-arcade: arcade.py).
bool is_right_coronary(const std::string& category);

}  // namespace vaso::arcade
