#include "data/image_name.hpp"
#include "data/inspect.hpp"
#include "data/legend.hpp"

#include "vision/label_colour.hpp"
#include "vision/overlay.hpp"
#include "vision/planes.hpp"
#include "vision/resample.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace vaso::data {
namespace {

using vision::Colour;
using vision::ColourImage;
using vision::GreyImage;

constexpr std::array<Colour, 4> kColours{Colour{255, 40, 40}, Colour{60, 220, 60}, Colour{80, 120, 255},
                                         Colour{250, 220, 40}};
constexpr std::int64_t kGap = 4;  // pixels between tiles
constexpr std::int64_t kMostAcross = 4;
constexpr Colour kBackground{24, 24, 24};
constexpr double kTint = 0.5;

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

void paste(ColourImage& sheet, const ColourImage& image, std::int64_t top, std::int64_t left) {
  for (std::int64_t y = 0; y < image.height; ++y)
    std::copy(image.row(y), image.row(y) + image.width, sheet.row(top + y) + left);
}

// Blends half of the colour in, as far as the map is strong.
void blend(ColourImage& image, const GreyImage& map, const Colour& colour) {
  for (std::size_t i = 0; i < map.pixels.size(); ++i) {
    Colour& pixel = image.pixels[i];
    const int weight = map.pixels[i] / 2;
    const auto mix = [weight](std::uint8_t from, std::uint8_t to) {
      return static_cast<std::uint8_t>(from + (to - from) * weight / 255);
    };
    pixel = {mix(pixel.red, colour.red), mix(pixel.green, colour.green), mix(pixel.blue, colour.blue)};
  }
}

std::string name_of(const RecordId& id) {
  const std::string name = image_name(id);
  return id.split.empty() || name.starts_with(id.split + "/") ? name : id.split + ": " + name;
}

void lay_labels(ColourImage& shown, const Record& record, const Dataset& dataset, std::int64_t tile) {
  if (dataset.has_masks()) {
    for (std::size_t label = 0; label < dataset.labels().size(); ++label) {
      const at::Tensor inside = record.labels.bitwise_and(std::int64_t{1} << label).ne(0).to(at::kByte);
      vision::tint(shown, fit(vision::to_grey(inside), tile, vision::resize_nearest), vision::label_colour(label),
                   kTint);
    }
  }
  if (!dataset.has_boxes()) return;
  const double scale = static_cast<double>(shown.width) / static_cast<double>(record.image.size(1));
  for (const Box& box : record.boxes) {
    vision::outline(shown, scale * box.left, scale * box.top, scale * box.width, scale * box.height,
                    vision::label_colour(static_cast<std::size_t>(box.label)), 1);
  }
}

}  // namespace

ColourImage contact_sheet(const Dataset& dataset, std::int64_t count, const std::vector<ExtraMap>& extra,
                          std::int64_t tile) {
  count = std::clamp<std::int64_t>(count, 1, dataset.size());
  const auto root = static_cast<std::int64_t>(std::sqrt(static_cast<double>(count)));
  const std::int64_t pairs_across = std::min(root, kMostAcross);
  const std::int64_t rows = (count + pairs_across - 1) / pairs_across, row = tile + kLineHeight + kGap;
  ColourImage sheet(rows * row - kGap, 2 * pairs_across * (tile + kGap) - kGap, kBackground);
  for (std::int64_t n = 0; n < count; ++n) {
    const Record record = dataset.record(n * dataset.size() / count);
    ColourImage shown = vision::to_colour(fit(vision::to_grey(record.image), tile, vision::resize_bicubic));
    const std::int64_t top = n / pairs_across * row;
    const std::int64_t left = n % pairs_across * 2 * (tile + kGap);
    paste(sheet, shown, top, left);
    std::vector<at::Tensor> maps;
    for (const std::string& name : dataset.maps()) maps.push_back(record.maps.at(name));
    for (const ExtraMap& map : extra) maps.push_back(map.compute(record));
    for (std::size_t m = 0; m < maps.size(); ++m)
      blend(shown, fit(vision::to_grey(maps[m]), tile, vision::resize_nearest), kColours[m % kColours.size()]);
    lay_labels(shown, record, dataset, tile);
    paste(sheet, shown, top, left + tile + kGap);
    write_line(sheet, name_of(record.id), top + tile, left, 2 * tile + kGap);
  }
  std::vector<std::pair<std::string, Colour>> legend;
  const auto add_map = [&](const std::string& name) {
    legend.emplace_back(name, kColours[legend.size() % kColours.size()]);
  };
  for (const std::string& name : dataset.maps()) add_map(name);
  for (const ExtraMap& map : extra) add_map(map.name);
  for (std::size_t i = 0; i < dataset.labels().size(); ++i)
    legend.emplace_back(dataset.labels()[i], vision::label_colour(i));
  return legend.empty() ? sheet : with_legend(sheet, legend);
}

}  // namespace vaso::data
