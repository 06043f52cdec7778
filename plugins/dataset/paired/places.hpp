// Where the images and masks of a data set are.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::paired {

struct Place {
  std::filesystem::path images;
  std::filesystem::path masks;  // "" = none
  std::string split;            // "train", "val", "test", or "" = not divided
};

// Finds them under `root`, in one of three layouts: SPLIT/IMAGES beside SPLIT/MASKS, IMAGES/SPLIT beside MASKS/SPLIT,
// or IMAGES beside MASKS. SPLIT is train, val (valid, validation) or test; IMAGES is images, image, imgs or img; MASKS
// is masks, mask, gt, ground_truth or labels; in any case. With `together`, masks have names of their own, and where
// there is no folder of images, both are in `root` itself. Throws DataError where there is none of them, or two folders
// of one meaning side by side.
std::vector<Place> find_places(const std::filesystem::path& root, bool together);

}  // namespace vaso::paired
