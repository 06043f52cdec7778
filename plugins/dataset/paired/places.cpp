#include "places.hpp"

#include "data/listing.hpp"

#include "sdk/dataset.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <string_view>

namespace vaso::paired {
namespace fs = std::filesystem;
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 4> kImages{"images", "image", "imgs", "img"};
constexpr std::array<std::string_view, 5> kMasks{"masks", "mask", "gt", "ground_truth", "labels"};
constexpr std::array<std::string_view, 1> kTrain{"train"}, kTest{"test"};
constexpr std::array<std::string_view, 3> kVal{"val", "valid", "validation"};

// The folder of one of these names; "" = none.
fs::path folder_named(const fs::path& parent, Names names) {
  fs::path found;
  for (const fs::path& folder : data::folders_in(parent)) {
    std::string name = folder.filename();
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    if (!found.empty()) {
      throw DataError({found, "and " + folder.string() + " stand side by side and mean the same",
                       "name the folders in `images` and `masks` of dataset.paired instead of `root`"});
    }
    found = folder;
  }
  return found;
}

struct SplitFolder {
  std::string split;
  fs::path folder;
};

std::vector<SplitFolder> split_folders(const fs::path& parent) {
  std::vector<SplitFolder> found{{"train", folder_named(parent, kTrain)},
                                 {"val", folder_named(parent, kVal)},
                                 {"test", folder_named(parent, kTest)}};
  std::erase_if(found, [](const SplitFolder& split) { return split.folder.empty(); });
  return found;
}

}  // namespace

std::vector<Place> find_places(const fs::path& root, bool together) {
  std::vector<Place> places;
  for (const SplitFolder& split : split_folders(root)) {
    const fs::path images = folder_named(split.folder, kImages);
    if (!images.empty()) places.push_back({images, folder_named(split.folder, kMasks), split.split});
  }
  if (!places.empty()) return places;

  const fs::path images = folder_named(root, kImages), masks = folder_named(root, kMasks);
  if (images.empty() && together) return {{root, root, ""}};
  if (images.empty()) {
    throw DataError({root, "holds neither images/ nor train/images/",
                     "name the folders in `images` and `masks` of dataset.paired instead of `root`; where masks stand "
                     "among the images, say in `mask_suffix` what their names end in"});
  }
  const std::vector<SplitFolder> mask_splits = masks.empty() ? std::vector<SplitFolder>{} : split_folders(masks);
  for (const SplitFolder& split : split_folders(images)) {
    const auto same = std::find_if(mask_splits.begin(), mask_splits.end(),
                                   [&](const SplitFolder& other) { return other.split == split.split; });
    places.push_back({split.folder, same == mask_splits.end() ? fs::path() : same->folder, split.split});
  }
  if (places.empty()) places.push_back({images, masks, ""});
  return places;
}

}  // namespace vaso::paired
