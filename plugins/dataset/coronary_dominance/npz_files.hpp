// Small .npz files for tests, written without a zip library: deflate streams of stored blocks (RFC 1951, 3.2.4).
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace vaso::tests {

struct ZipMember {
  std::string name, content;
};

inline std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i & 0xff);
  return text;
}

inline std::uint32_t crc32(std::string_view content) {
  std::uint32_t crc = ~0u;
  for (const char letter : content) {
    crc ^= static_cast<unsigned char>(letter);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0u);
  }
  return ~crc;
}

inline void write_npz(const std::filesystem::path& file, const std::vector<ZipMember>& members) {
  std::filesystem::create_directories(file.parent_path());
  std::string archive, table;
  for (const ZipMember& member : members) {
    std::string deflated;
    constexpr std::size_t kBlock = 65'535;
    for (std::size_t at = 0; at < member.content.size(); at += kBlock) {
      const std::string block = member.content.substr(at, kBlock);
      const bool last = at + kBlock >= member.content.size();
      deflated += static_cast<char>(last) + little_endian(block.size(), 2) + little_endian(~block.size(), 2) + block;
    }
    const std::string name = member.name + ".npy";
    const std::string facts = little_endian(20, 2) + little_endian(0, 2) + little_endian(8, 2) +
                              little_endian(0x00210000, 4) + little_endian(crc32(member.content), 4) +
                              little_endian(deflated.size(), 4) + little_endian(member.content.size(), 4) +
                              little_endian(name.size(), 2) + little_endian(0, 2);
    table += "PK\1\2" + little_endian(20, 2) + facts + std::string(10, '\0') + little_endian(archive.size(), 4) + name;
    archive += "PK\3\4" + facts + name + deflated;
  }
  const std::string count = little_endian(members.size(), 2);
  std::ofstream(file, std::ios::binary) << archive << table << "PK\5\6" << std::string(4, '\0') << count << count
                                        << little_endian(table.size(), 4) << little_endian(archive.size(), 4)
                                        << std::string(2, '\0');
}

// An array as numpy.save writes it. dictionary: "'descr': '|u1', 'fortran_order': False, 'shape': (3,), ".
inline std::string npy_file(const std::string& dictionary, const std::string& values, int version = 1) {
  const std::string header = "{" + dictionary + "}\n";
  return "\x93NUMPY" + little_endian(static_cast<std::uint64_t>(version), 1) + little_endian(0, 1) +
         little_endian(header.size(), version == 1 ? 2 : 4) + header + values;
}

}  // namespace vaso::tests
