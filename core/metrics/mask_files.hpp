// Masks in folders, as `vaso evaluate masks` compares them.
#pragma once

#include "vision/grey_image.hpp"

#include "sdk/dataset.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::metrics {

struct MaskFiles {
  std::string name;  // path relative to both folders, without extension
  std::filesystem::path truth, prediction;
};

// Image files of the two folders that have one name, extensions aside, sorted by it. A file without a partner, and
// every file of a name that several in its folder have, is a fault of its own: a score over part of the images would
// not be the score of the set. Throws DataError where a folder cannot be listed.
std::vector<MaskFiles> pair_mask_files(const std::filesystem::path& truth, const std::filesystem::path& prediction,
                                       std::vector<Fault>& faults);

// One mask a label, 255 inside. With one label a file holds 0 and 1, or 0 and 255; with several a map of 0, the
// background, and 1 … labels (at most 255). Throws DataError: unreadable, or the first value that is none of these,
// with the number of its pixels.
std::vector<vision::GreyImage> read_label_masks(const std::filesystem::path& file, std::size_t labels);

}  // namespace vaso::metrics
