// What writing and reading a pack must agree on.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace vaso::data {

constexpr std::string_view kPackMagic = "VASOPACK";
constexpr std::uint32_t kPackFormat = 2;
constexpr std::int64_t kPackAlignment = 64;  // a cache line, and what vector loads want

struct PackHeader {
  char magic[8];
  std::uint32_t format;
  std::uint32_t zero;
  std::uint64_t index_at;
  std::uint64_t index_bytes;
  unsigned char index_sha256[32];
};
static_assert(sizeof(PackHeader) == kPackAlignment);

constexpr std::int64_t padded(std::int64_t bytes) {
  return (bytes + kPackAlignment - 1) / kPackAlignment * kPackAlignment;
}

// Hex SHA-256 of one record: its size, then image and maps as they stand in the file.
std::string record_digest(std::int64_t height, std::int64_t width, std::string_view planes);

// 64 hex digits to 32 bytes.
void unhex(const std::string& hex, unsigned char (&bytes)[32]);

}  // namespace vaso::data
