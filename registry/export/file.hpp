// A file that is written from its beginning to its end, or an error that says why not.
#pragma once

#include <filesystem>
#include <fstream>
#include <string_view>

namespace vaso::exporting {

// Throws runs::StoreError.
void make_folder(const std::filesystem::path& folder);

// Appears under its name when it is closed; an older file of that name stays until then. Members throw
// runs::StoreError.
class File {
 public:
  explicit File(const std::filesystem::path& file);
  ~File();
  File(const File&) = delete;
  void write(std::string_view bytes);
  void close();

 private:
  [[noreturn]] void fail() const;
  std::filesystem::path file_, partial_;
  std::ofstream stream_;
};

}  // namespace vaso::exporting
