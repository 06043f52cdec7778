// Where tests find what they need.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace vaso::tests {

inline std::filesystem::path from_environment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

inline std::filesystem::path source_dir() { return from_environment("VASO_SOURCE_DIR", "."); }
inline std::filesystem::path build_dir() { return from_environment("VASO_BUILD_DIR", "build"); }

// Expected values computed independently of the project ($VASO_REFERENCE_DIR), and real angiograms ($VASO_DATA_DIR).
// Not part of the project: a test that finds none says that it skips.
inline std::filesystem::path reference_dir() {
  return from_environment("VASO_REFERENCE_DIR", (source_dir() / "../shared/reference").c_str());
}
inline std::filesystem::path data_dir() {
  return from_environment("VASO_DATA_DIR", (source_dir() / "../shared/data").c_str());
}

// Files of the reference folder whose name starts and ends so, sorted; empty where there are none.
inline std::vector<std::filesystem::path> reference_files(const std::string& prefix, const std::string& suffix) {
  std::vector<std::filesystem::path> files;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(reference_dir(), none)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(prefix) && name.ends_with(suffix)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// A fresh folder that is removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_(std::filesystem::temp_directory_path() / ("vaso-test-" + std::to_string(std::random_device{}()))) {
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace vaso::tests
