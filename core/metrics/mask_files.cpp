#include "metrics/mask_files.hpp"

#include "data/listing.hpp"
#include "vision/image_io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace vaso::metrics {
namespace fs = std::filesystem;
namespace {

using ByName = std::map<std::string, std::vector<fs::path>>;

ByName by_name(const fs::path& folder) {
  ByName files;
  for (const fs::path& file : data::images_under(folder)) {
    files[file.lexically_relative(folder).replace_extension().generic_string()].push_back(file);
  }
  return files;
}

void report(const ByName& files, const ByName& others, const fs::path& other_folder, const char* what, const char* cure,
            std::vector<Fault>& faults) {
  for (const auto& [name, found] : files) {
    for (std::size_t i = 1; i < found.size(); ++i) {
      faults.push_back({found[i], fmt::format("has the name of {} but for the extension", found[0].string()),
                        "remove or rename one of them"});
    }
    if (others.contains(name)) continue;
    faults.push_back({found[0], fmt::format("there is no {} {}.* in {}", what, name, other_folder.string()), cure});
  }
}

}  // namespace

std::vector<MaskFiles> pair_mask_files(const fs::path& truth, const fs::path& prediction, std::vector<Fault>& faults) {
  const ByName truths = by_name(truth), predictions = by_name(prediction);
  report(truths, predictions, prediction, "prediction",
         "predict it too; an image in which nothing is found needs a mask that is all 0", faults);
  report(predictions, truths, truth, "truth", "take it out of the folder, or give its truth", faults);
  std::vector<MaskFiles> pairs;
  for (const auto& [name, files] : truths) {
    const auto found = predictions.find(name);
    if (found == predictions.end() || files.size() > 1 || found->second.size() > 1) continue;
    pairs.push_back({name, files[0], found->second[0]});
  }
  if (pairs.empty() && faults.empty()) {
    faults.push_back({truth, "holds no image file, nor does " + prediction.string(),
                      "give the folders that the masks are in, as PNG, BMP, TIFF or PGM"});
  }
  return pairs;
}

std::vector<vision::GreyImage> read_label_masks(const fs::path& file, std::size_t labels) {
  const vision::GreyImage map = vision::read_grey(file);
  const bool binary = labels == 1;
  // Of a binary mask, the highest value says which of the two forms it has.
  const std::uint8_t largest = *std::max_element(map.pixels.begin(), map.pixels.end());
  const std::uint8_t inside = largest == 255 ? 255 : 1;
  std::vector<vision::GreyImage> masks(labels, vision::GreyImage(map.height, map.width));
  for (std::size_t i = 0; i < map.pixels.size(); ++i) {
    const std::uint8_t value = map.pixels[i];
    if (value == 0) continue;
    if (binary ? value != inside : value > labels) {
      throw DataError(
          {file,
           fmt::format("holds the value {} ({} px), which is no label: {}", value,
                       std::count(map.pixels.begin(), map.pixels.end(), value),
                       binary ? "a mask is 0 and 1, or 0 and 255" : fmt::format("they are 0 to {}", labels)),
           binary ? "if it is a map of several classes, say how many with --labels; if it was stored as JPEG "
                    "or resized smoothly, make it again as PNG with nearest neighbours"
                  : "check --labels; a map must be grey (no colour palette), stored without loss, and "
                    "resized with nearest neighbours only"});
    }
    masks[binary ? 0 : value - 1u].pixels[i] = 255;
  }
  return masks;
}

}  // namespace vaso::metrics
