// A file that appears under its name only when it is whole and on the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace vaso::train {

// Writes FILE.tmp-PID beside FILE; commit() syncs it, renames it over FILE and syncs the folder. Without a commit, or
// where anything fails, the temporary file is removed and FILE stays as it was. All failures throw CheckpointError.
class AtomicFile {
 public:
  // bytes: how many will be written in all, for the message of a full disk.
  AtomicFile(const std::filesystem::path& file, std::uint64_t bytes);
  AtomicFile(const AtomicFile&) = delete;
  ~AtomicFile();
  void write(const void* data, std::size_t bytes);
  void commit();

 private:
  [[noreturn]] void fail(const char* doing, int error);

  std::filesystem::path file_, temporary_;
  std::uint64_t bytes_;
  int descriptor_ = -1;
};

}  // namespace vaso::train
