#include "annotations/yolo_text.hpp"

#include "sdk/dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <string>
#include <string_view>

namespace vaso::annotations {
namespace fs = std::filesystem;
namespace {

constexpr double kRounding = 1e-5;  // share of a side; six digits of centre and of half a side

class Line {
 public:
  Line(const fs::path& file, std::int64_t number) : file_(file), number_(number) {}

  YoloObject parse(std::string_view text, std::int64_t classes) const {
    const std::vector<double> values = numbers(text);
    YoloObject object;
    object.line = number_;
    object.label = label(values.front(), classes);
    if (values.size() == 5) {
      object.width = values[3];
      object.height = values[4];
      object.left = values[1] - object.width / 2;
      object.top = values[2] - object.height / 2;
    } else if (values.size() >= 7 && values.size() % 2 == 1) {
      object.polygon.assign(values.begin() + 1, values.end());
      bound(object);
    } else {
      fail(fmt::format("holds {} numbers: a box has 5 (class, centre x, centre y, width, height), a polygon a class "
                       "and at least three points{}",
                       values.size(), values.size() == 6 ? "; six are a detector's answer with its confidence" : ""),
           "correct the line, or use the annotations and not predictions");
    }
    if (!(object.width > 0 && object.height > 0)) fail("its box has no area", "draw it again, or remove the line");
    keep_inside(object);
    return object;
  }

 private:
  std::vector<double> numbers(std::string_view text) const {
    std::vector<double> values;
    const char* at = text.data();
    const char* const end = at + text.size();
    for (;;) {
      while (at != end && (*at == ' ' || *at == '\t' || *at == '\r')) ++at;
      if (at == end) return values;
      double value = 0;
      const auto [rest, error] = std::from_chars(at, end, value);
      const bool whole = rest == end || *rest == ' ' || *rest == '\t' || *rest == '\r';
      if (error != std::errc() || !whole || !std::isfinite(value)) {
        const char* word_end = std::find_if(at, end, [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
        fail(fmt::format("`{}` is no number", std::string(at, word_end)),
             "correct the line; numbers are separated by blanks");
      }
      values.push_back(value);
      at = rest;
    }
  }

  std::int64_t label(double value, std::int64_t classes) const {
    if (value < 0 || value >= static_cast<double>(classes) || value != std::floor(value)) {
      fail(fmt::format("its class {} is none of 0…{}", value, classes - 1),
           "correct the class, or check that these labels belong to this data set");
    }
    return static_cast<std::int64_t>(value);
  }

  static void bound(YoloObject& object) {
    double right = 0, bottom = 0;
    object.left = object.top = 1;
    for (std::size_t i = 0; i < object.polygon.size(); i += 2) {
      object.left = std::min(object.left, object.polygon[i]);
      object.top = std::min(object.top, object.polygon[i + 1]);
      right = std::max(right, object.polygon[i]);
      bottom = std::max(bottom, object.polygon[i + 1]);
    }
    object.width = right - object.left;
    object.height = bottom - object.top;
  }

  void keep_inside(YoloObject& object) const {
    const double right = object.left + object.width, bottom = object.top + object.height;
    if (std::min(object.left, object.top) < -kRounding || std::max(right, bottom) > 1 + kRounding) {
      fail(fmt::format("its box spans x {:.6g}…{:.6g}, y {:.6g}…{:.6g}, outside the image, which is 0…1", object.left,
                       right, object.top, bottom),
           "numbers are shares of the image's sides, not pixels; draw the box again");
    }
    object.left = std::max(object.left, 0.0);
    object.top = std::max(object.top, 0.0);
    object.width = std::min(right, 1.0) - object.left;
    object.height = std::min(bottom, 1.0) - object.top;
    for (double& value : object.polygon) value = std::clamp(value, 0.0, 1.0);
  }

  [[noreturn]] void fail(const std::string& what, const std::string& cure) const {
    throw DataError({fmt::format("{}:{}", file_.string(), number_), what, cure});
  }

  const fs::path& file_;
  std::int64_t number_;
};

}  // namespace

std::vector<YoloObject> read_yolo(const fs::path& file, std::int64_t classes) {
  std::ifstream stream(file);
  if (!stream) throw DataError({file, "cannot be read", "check that the file exists and who may read it"});
  std::vector<YoloObject> objects;
  std::string text;
  for (std::int64_t number = 1; std::getline(stream, text); ++number) {
    if (text.find_first_not_of(" \t\r") != std::string::npos)
      objects.push_back(Line(file, number).parse(text, classes));
  }
  return objects;
}

}  // namespace vaso::annotations
