#include "vision/overlay.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace vaso::vision {
namespace {

cv::Mat view(ColourImage& image) {
  static_assert(sizeof(Colour) == 3);
  return {static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3, image.pixels.data()};
}

constexpr int kGap = 6, kCaption = 26;

}  // namespace

ColourImage to_colour(const GreyImage& image) {
  ColourImage colour(image.height, image.width);
  std::transform(image.pixels.begin(), image.pixels.end(), colour.pixels.begin(), [](std::uint8_t grey) {
    return Colour{grey, grey, grey};
  });
  return colour;
}

void tint(ColourImage& image, const GreyImage& mask, const Colour& colour, double strength) {
  const auto blend = [strength](std::uint8_t from, std::uint8_t to) {
    return static_cast<std::uint8_t>(std::lround(from + (to - from) * strength));
  };
  for (std::size_t i = 0; i < std::min(image.pixels.size(), mask.pixels.size()); ++i) {
    if (mask.pixels[i] == 0) continue;
    Colour& pixel = image.pixels[i];
    pixel = {blend(pixel.red, colour.red), blend(pixel.green, colour.green), blend(pixel.blue, colour.blue)};
  }
}

void outline(ColourImage& image, double left, double top, double width, double height, const Colour& colour,
             std::int64_t thickness) {
  const auto x0 = std::llround(left), y0 = std::llround(top);
  const auto x1 = std::llround(left + width), y1 = std::llround(top + height);
  for (std::int64_t y = std::max<std::int64_t>(y0, 0); y < std::min<std::int64_t>(y1, image.height); ++y) {
    for (std::int64_t x = std::max<std::int64_t>(x0, 0); x < std::min<std::int64_t>(x1, image.width); ++x) {
      const bool border = x < x0 + thickness || y < y0 + thickness || x >= x1 - thickness || y >= y1 - thickness;
      if (border) image.at(y, x) = colour;
    }
  }
}

ColourImage sheet(const std::vector<std::string>& captions, const std::vector<std::vector<ColourImage>>& rows,
                  std::int64_t side) {
  const auto columns = static_cast<std::int64_t>(captions.size()), count = static_cast<std::int64_t>(rows.size());
  ColourImage paper(kCaption + count * (side + kGap) + kGap, columns * (side + kGap) + kGap, Colour{255, 255, 255});
  cv::Mat canvas = view(paper);
  for (std::int64_t c = 0; c < columns; ++c) {
    cv::putText(canvas, captions[static_cast<std::size_t>(c)],
                {static_cast<int>(kGap + c * (side + kGap)), kCaption - 8}, cv::FONT_HERSHEY_SIMPLEX, 0.5,
                cv::Scalar(40, 40, 40), 1, cv::LINE_AA);
  }
  for (std::int64_t r = 0; r < count; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) {
      ColourImage picture = rows[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)];
      const double scale = static_cast<double>(side) / static_cast<double>(std::max(picture.height, picture.width));
      const auto fitted = [&](std::int64_t length) {
        return static_cast<int>(std::clamp<std::int64_t>(std::llround(static_cast<double>(length) * scale), 1, side));
      };
      cv::Mat sized;
      cv::resize(view(picture), sized, {fitted(picture.width), fitted(picture.height)}, 0, 0,
                 scale < 1 ? cv::INTER_AREA : cv::INTER_NEAREST);
      const cv::Rect place(static_cast<int>(kGap + c * (side + kGap)), static_cast<int>(kCaption + r * (side + kGap)),
                           sized.cols, sized.rows);
      sized.copyTo(canvas(place));
    }
  }
  return paper;
}

}  // namespace vaso::vision
