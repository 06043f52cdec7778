// The runs of CoronaryDominance: one .npz file each.
#pragma once

#include "vision/grey_image.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::dominance {

struct Run {
  std::filesystem::path file;
  std::string name;    // path relative to the data set's folder, without extension
  std::string study;   // the folder Study…; "" where there is none above the file
  std::string artery;  // "LCA", "RCA" or ""
  std::string angles;  // "RAO30_CAU20"; "" where the file does not say
  std::int64_t frames = 0;
};

// What a file says of itself; inflates headers and single values, no frames. Throws DataError. [any thread]
Run open_run(const std::filesystem::path& file, const std::filesystem::path& root);

// All frames. Throws DataError: damaged, or values outside 0…255. [any thread]
std::vector<vision::GreyImage> read_frames(const std::filesystem::path& file);

// Which of a run's frames show something new: the first, and each that differs from the last one kept by at least
// `threshold` grey levels (root mean square at 32×32 pixels, means removed). Ascending.
std::vector<std::int64_t> distinct_frames(const std::vector<vision::GreyImage>& frames, std::int64_t stride,
                                          double threshold);

}  // namespace vaso::dominance
