// Which mask belongs to which image: by name, never by position in a listing.
#pragma once

#include "sdk/dataset.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::data {

struct MaskPair {
  std::filesystem::path image, mask;
  std::string key;  // path of the image relative to its folder, without extension
};

struct MaskPairs {
  std::vector<MaskPair> pairs;   // sorted by image
  std::vector<Fault> unmatched;  // images without a mask, masks without an image: one fault each, which names them
  std::vector<Fault> ambiguous;  // names that several images or masks carry
};

// Pairs the images under `images` with those under `masks` that have the same relative path; extensions do not matter,
// and the mask's stem ends in `suffix` besides (DCA1: 1.pgm and 1gt.pgm, suffix "gt"). Both may be the same folder
// where there is a suffix: what ends in it is a mask. Throws DataError where a folder cannot be listed.
MaskPairs pair_masks(const std::filesystem::path& images, const std::filesystem::path& masks,
                     const std::string& suffix = "", bool recursive = true);

// "a, b, c and 12 more".
std::string some_of(const std::vector<std::string>& names);

}  // namespace vaso::data
