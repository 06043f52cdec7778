// The small pictures that a fine-tuning made of its test images.
#pragma once

#include "runs/store.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace vaso::report {

// Panels side by side in one file: image, truth, prediction, each width × height pixels.
struct TestPicture {
  std::filesystem::path file;
  int width = 0, height = 0;
};

// By the name that the image has in per-image metrics. Empty where the run made none, or they are gone.
std::map<std::string, TestPicture> test_pictures(const runs::Store& store, const runs::Run& run);

}  // namespace vaso::report
