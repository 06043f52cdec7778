#include "data/legend.hpp"

#include "vision/label_colour.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>

namespace vaso::data {
namespace {

constexpr int kRow = 20, kSwatch = 12, kGap = 6, kMargin = 4;  // px
constexpr double kFontScale = 0.4;                             // of OpenCV's Hershey font
constexpr vision::Colour kPaper{24, 24, 24}, kInk{220, 220, 220};

cv::Scalar scalar(const vision::Colour& colour) { return {1.0 * colour.red, 1.0 * colour.green, 1.0 * colour.blue}; }

int text_width(const std::string& text) {
  int below = 0;
  return cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, kFontScale, 1, &below).width;
}

}  // namespace

vision::ColourImage with_legend(const vision::ColourImage& picture, const std::vector<std::string>& labels) {
  std::vector<std::pair<std::string, vision::Colour>> entries;
  for (std::size_t i = 0; i < labels.size(); ++i) entries.emplace_back(labels[i], vision::label_colour(i));
  return with_legend(picture, entries);
}

vision::ColourImage with_legend(const vision::ColourImage& picture,
                                const std::vector<std::pair<std::string, vision::Colour>>& entries) {
  const auto width = static_cast<int>(picture.width), height = static_cast<int>(picture.height);
  std::vector<cv::Point> places;
  cv::Point next(0, height + kMargin);
  for (const auto& [name, colour] : entries) {
    const int wide = kSwatch + text_width(name) + 3 * kGap;
    if (next.x > 0 && next.x + wide > width) next = {0, next.y + kRow};
    places.push_back(next);
    next.x += wide;
  }
  vision::ColourImage both(next.y + kRow, width, kPaper);
  std::copy(picture.pixels.begin(), picture.pixels.end(), both.pixels.begin());
  cv::Mat view(next.y + kRow, width, CV_8UC3, both.pixels.data());  // red, green, blue
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& [name, colour] = entries[i];
    cv::rectangle(view, {places[i].x, places[i].y + 4, kSwatch, kSwatch}, scalar(colour), cv::FILLED);
    cv::putText(view, name, {places[i].x + kSwatch + kGap, places[i].y + 14}, cv::FONT_HERSHEY_SIMPLEX, kFontScale,
                scalar(kInk), 1, cv::LINE_AA);
  }
  return both;
}

void write_line(vision::ColourImage& picture, const std::string& name, std::int64_t top, std::int64_t left,
                std::int64_t width) {
  std::string text = name;
  for (std::size_t cut = 1; cut < name.size() && text_width(text) > width; ++cut) text = "..." + name.substr(cut);
  cv::Mat view(static_cast<int>(picture.height), static_cast<int>(picture.width), CV_8UC3, picture.pixels.data());
  cv::putText(view, text, {static_cast<int>(left), static_cast<int>(top) + 12}, cv::FONT_HERSHEY_SIMPLEX, kFontScale,
              scalar(kInk), 1, cv::LINE_AA);
}

}  // namespace vaso::data
