// A file that appears under its name only when it is whole and on the disk.
#pragma once

#include "weights/mapped_file.hpp"

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace vaso::weights {

// Writes FILE.tmp-PID beside FILE; commit() syncs it and renames it over FILE. Without a commit, or where anything
// fails, the temporary file is removed and FILE stays as it was. Failures throw WeightFileError. What is being read may
// be written over: the mapping keeps the old file.
class OutputFile {
 public:
  explicit OutputFile(const std::filesystem::path& file);  // makes its folder where there is none
  OutputFile(const OutputFile&) = delete;
  ~OutputFile();
  void write(Bytes bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  std::uint64_t position() const { return position_; }
  void commit();

 private:
  [[noreturn]] void fail(const char* doing, int error);

  std::filesystem::path file_, temporary_;
  std::uint64_t position_ = 0;
  int descriptor_ = -1;
};

}  // namespace vaso::weights
