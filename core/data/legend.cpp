#include "data/legend.hpp"

#include "vision/overlay.hpp"

#include <opencv2/imgproc.hpp>

namespace vaso::data {
namespace {

constexpr int kRow = 20, kSwatch = 12, kGap = 6;  // px
constexpr double kFontScale = 0.4;                // of OpenCV's Hershey font

int text_width(const std::string& text) {
  int below = 0;
  return cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, kFontScale, 1, &below).width;
}

}  // namespace

vision::ColourImage legend(const std::vector<std::string>& labels, std::int64_t width,
                           const vision::Colour& background) {
  std::vector<cv::Point> places;
  cv::Point next(0, 0);
  for (const std::string& label : labels) {
    const int wide = kSwatch + text_width(label) + 3 * kGap;
    if (next.x > 0 && next.x + wide > width) next = {0, next.y + kRow};
    places.push_back(next);
    next.x += wide;
  }
  vision::ColourImage strip(next.y + kRow, width, background);
  cv::Mat view(next.y + kRow, static_cast<int>(width), CV_8UC3, strip.pixels.data());  // red, green, blue
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const vision::Colour colour = vision::label_colour(i);
    cv::rectangle(view, {places[i].x, places[i].y + 4, kSwatch, kSwatch},
                  cv::Scalar(colour.red, colour.green, colour.blue), cv::FILLED);
    cv::putText(view, labels[i], {places[i].x + kSwatch + kGap, places[i].y + 14}, cv::FONT_HERSHEY_SIMPLEX, kFontScale,
                cv::Scalar(220, 220, 220), 1, cv::LINE_AA);
  }
  return strip;
}

}  // namespace vaso::data
