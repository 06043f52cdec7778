// One small picture for each test image: what a report shows as best and worst cases.
#pragma once

#include "vision/grey_image.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace vaso::train {

// Writes below `folder`:
//   000000.jpg …   the panels of an image (image, truth, prediction) side by side, each at most 256 pixels on a side
//   index.json     {"panels": ["image", "truth", "prediction"], "pictures": [{"image": "arcade/12.png", "file":
//                  "000000.jpg", "width": 256, "height": 256}]}; width and height are those of one panel
// The files are numbered, for names of images hold slashes and whatever else their makers liked.
class TestPictures {
 public:
  // `most`: images after so many get none.
  TestPictures(std::filesystem::path folder, std::int64_t most) : folder_(std::move(folder)), most_(most) {}

  bool wants_more() const { return static_cast<std::int64_t>(pictures_.size()) < most_; }
  // The panels are equally large. Throws DataError where the file cannot be written.
  void add(const std::string& image, const std::vector<vision::ColourImage>& panels);
  // Writes the index and returns its file; an empty path where there are no pictures. Throws DataError.
  std::filesystem::path finish() const;

 private:
  struct Picture {
    std::string image;
    int width, height;
  };
  std::filesystem::path folder_;
  std::int64_t most_;
  std::vector<Picture> pictures_;
};

}  // namespace vaso::train
