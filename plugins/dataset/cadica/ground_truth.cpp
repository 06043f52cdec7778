#include "ground_truth.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

namespace vaso::cadica {
namespace fs = std::filesystem;

std::int64_t grade_of(const std::string& text) {
  const auto found = std::find(kGrades.begin(), kGrades.end(), text);
  return found == kGrades.end() ? -1 : found - kGrades.begin();
}

std::vector<Box> read_boxes(const fs::path& file) {
  std::ifstream stream(file);
  if (!stream) throw DataError({file, "cannot be read", "check who may read it (ls -l)"});
  std::vector<Box> boxes;
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto fail = [&](const std::string& what, const std::string& cure) {
      throw DataError({fmt::format("{}:{}", file.string(), number), what, cure});
    };
    std::istringstream words(line);
    words.imbue(std::locale::classic());
    Box box;
    std::string grade, more;
    if (!(words >> box.left >> box.top >> box.width >> box.height >> grade) || words >> more)
      fail(fmt::format("`{}` is no row of `x y w h label`", line),
           "write four numbers and the label, with blanks between");
    box.label = grade_of(grade);
    box.area = box.width * box.height;
    if (box.label < 0)
      fail(fmt::format("`{}` is no label", grade), fmt::format("labels are {}", fmt::join(kGrades, ", ")));
    if (!(box.width > 0 && box.height > 0)) fail("its box has no area", "draw it again, or remove the row");
    if (box.left < 0 || box.top < 0) fail("its box begins outside the image", "x and y count from 0; draw it again");
    boxes.push_back(box);
  }
  return boxes;
}

void keep_inside(std::vector<Box>& boxes, std::int64_t width, std::int64_t height, const fs::path& file) {
  for (Box& box : boxes) {
    const double right = box.left + box.width - static_cast<double>(width);
    const double bottom = box.top + box.height - static_cast<double>(height);
    if (right > 1 || bottom > 1) {
      throw DataError({file,
                       fmt::format("the box {} {} {} {} reaches outside the image of {}×{} pixels", box.left, box.top,
                                   box.width, box.height, width, height),
                       "draw it again, or check that the image was not resized"});
    }
    if (right <= 0 && bottom <= 0) continue;
    box.width -= std::max(right, 0.0);
    box.height -= std::max(bottom, 0.0);
    box.area = box.width * box.height;
  }
}

}  // namespace vaso::cadica
