#include "data/inspect.hpp"

#include "vision/planes.hpp"
#include "vision/resample.hpp"

#include <algorithm>
#include <array>

namespace vaso::data {
namespace {

using vision::Colour;
using vision::ColourImage;
using vision::GreyImage;

constexpr std::array<Colour, 4> kColours{Colour{255, 40, 40}, Colour{60, 220, 60}, Colour{80, 120, 255},
                                         Colour{250, 220, 40}};
constexpr std::int64_t kGap = 4;  // pixels between tiles

using Resize = void (*)(const vision::Window&, std::int64_t, std::int64_t, std::uint8_t*);

// Fitted into a square of `tile` pixels, aspect kept.
GreyImage fit(const GreyImage& image, std::int64_t tile, Resize resize) {
  const double scale = static_cast<double>(tile) / static_cast<double>(std::max(image.height, image.width));
  const auto shrunk = [&](std::int64_t side) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(static_cast<double>(side) * scale + 0.5), 1, tile);
  };
  GreyImage out(shrunk(image.height), shrunk(image.width));
  resize({image.pixels.data(), image.width, image.height, image.width}, out.height, out.width, out.pixels.data());
  return out;
}

void paste(ColourImage& sheet, const GreyImage& image, std::int64_t top, std::int64_t left) {
  for (std::int64_t y = 0; y < image.height; ++y) {
    for (std::int64_t x = 0; x < image.width; ++x) {
      const std::uint8_t grey = image.at(y, x);
      sheet.at(top + y, left + x) = {grey, grey, grey};
    }
  }
}

// Blends half of the colour in, as far as the map is strong.
void overlay(ColourImage& sheet, const GreyImage& map, const Colour& colour, std::int64_t top, std::int64_t left) {
  for (std::int64_t y = 0; y < map.height; ++y) {
    for (std::int64_t x = 0; x < map.width; ++x) {
      Colour& pixel = sheet.at(top + y, left + x);
      const int weight = map.at(y, x) / 2;
      const auto blend = [weight](std::uint8_t from, std::uint8_t to) {
        return static_cast<std::uint8_t>(from + (to - from) * weight / 255);
      };
      pixel = {blend(pixel.red, colour.red), blend(pixel.green, colour.green), blend(pixel.blue, colour.blue)};
    }
  }
}

}  // namespace

ColourImage contact_sheet(const Dataset& dataset, std::int64_t count, const std::vector<ExtraMap>& extra,
                          std::int64_t tile) {
  count = std::clamp<std::int64_t>(count, 1, dataset.size());
  const std::int64_t pairs_across = std::min<std::int64_t>(count, 3);
  const std::int64_t rows = (count + pairs_across - 1) / pairs_across;
  ColourImage sheet(rows * (tile + kGap) - kGap, 2 * pairs_across * (tile + kGap) - kGap, {24, 24, 24});
  for (std::int64_t n = 0; n < count; ++n) {
    const Record record = dataset.record(n * dataset.size() / count);
    const GreyImage image = fit(vision::to_grey(record.image), tile, vision::resize_bicubic);
    const std::int64_t top = n / pairs_across * (tile + kGap);
    const std::int64_t left = n % pairs_across * 2 * (tile + kGap);
    const std::int64_t right = left + tile + kGap;
    paste(sheet, image, top, left);
    paste(sheet, image, top, right);
    std::vector<at::Tensor> maps;
    for (const std::string& name : dataset.maps()) maps.push_back(record.maps.at(name));
    for (const ExtraMap& map : extra) maps.push_back(map.compute(record));
    for (std::size_t m = 0; m < maps.size(); ++m) {
      overlay(sheet, fit(vision::to_grey(maps[m]), tile, vision::resize_nearest), kColours[m % kColours.size()], top,
              right);
    }
  }
  return sheet;
}

}  // namespace vaso::data
