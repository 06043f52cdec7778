// What the tests of data sets share.
#pragma once

#include "sdk/dataset.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <string>

namespace vaso::tests {

// With the folders that it lies in.
inline void write(const std::filesystem::path& file, const std::string& content) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
}

inline void check_contains(const std::string& text, const std::string& words) {
  CAPTURE(text);
  CHECK(text.find(words) != std::string::npos);
}

inline std::string notes_of(const Dataset& dataset) {
  std::string text;
  for (const std::string& note : dataset.notes()) text += note + "\n";
  return text;
}

}  // namespace vaso::tests
