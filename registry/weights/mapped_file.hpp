// A file as bytes in memory, read by the system when they are looked at. Weights of gigabytes open at once.
#pragma once

#include "weights/complaint.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string_view>

namespace vaso::weights {

static_assert(std::endian::native == std::endian::little, "all formats read here are little-endian");

using Bytes = std::span<const std::byte>;

// The number at a place that the caller has checked; it needs no alignment.
template <class Number>
Number number_at(Bytes bytes, std::size_t offset) {
  Number value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

inline std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Whoever shortens the file while it is mapped ends this program with SIGBUS: weights are replaced, not written over.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& file);  // throws WeightFileError
  MappedFile(const MappedFile&) = delete;
  ~MappedFile();
  Bytes bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

}  // namespace vaso::weights
