// Just enough of ELF to find one section of a shared library, for files that nobody vouches for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace vaso::plugins {

// The file is not what it should be; the text completes "FILE …": "is cut short: …".
class ElfError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A 64-bit little-endian shared library for this machine's processor. Every offset and length is checked against the
// size of the file before it is followed, and the file is read, not mapped: one that shrinks meanwhile is an error, not
// a SIGBUS.
class ElfFile {
 public:
  explicit ElfFile(const std::filesystem::path& file);  // throws ElfError
  ~ElfFile();
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;

  struct Section {
    bool found = false;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  // The first section of that name with bytes in the file. Throws ElfError where the tables point out of the file.
  Section section(std::string_view name) const;

  // Exactly `length` bytes from `offset`; `what` names them in the ElfError thrown where the file has fewer.
  void read(std::uint64_t offset, void* target, std::uint64_t length, const char* what) const;

 private:
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace vaso::plugins
