#include "vision/image_check.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <string_view>

namespace vaso::vision {
namespace {

constexpr std::size_t kPngSignature = 8;

bool starts_with(Bytes file, std::string_view magic) {
  return file.size() >= magic.size() && std::memcmp(file.data(), magic.data(), magic.size()) == 0;
}

// Reads numbers, and refuses to leave the file.
class Reader {
 public:
  Reader(Bytes file, bool big_endian, const char* format) : file_(file), big_(big_endian), format_(format) {}
  std::uint64_t number(std::uint64_t at, int bytes) const {
    if (at + static_cast<std::uint64_t>(bytes) > file_.size()) {
      throw BrokenImage(std::string(format_) + " is truncated: it ends after " + std::to_string(file_.size()) +
                        " bytes");
    }
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) {
      const std::uint64_t byte = file_[at + static_cast<std::uint64_t>(big_ ? i : bytes - 1 - i)];
      value = value << 8 | byte;
    }
    return value;
  }

 private:
  Bytes file_;
  bool big_;
  const char* format_;
};

// CRC-32 as PNG defines it (ISO 3309, polynomial 0xEDB88320).
std::uint32_t crc32(Bytes bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> entries{};
    for (std::uint32_t n = 0; n < 256; ++n) {
      std::uint32_t c = n;
      for (int k = 0; k < 8; ++k) c = (c & 1u) != 0 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
      entries[n] = c;
    }
    return entries;
  }();
  std::uint32_t crc = 0xffffffffu;
  for (const std::uint8_t byte : bytes) crc = table[(crc ^ byte) & 0xffu] ^ (crc >> 8);
  return ~crc;
}

struct PngChunk {
  std::string_view type;
  Bytes whole;  // length, type, data, check sum
  Bytes data;
};

// Calls visit(chunk) for every chunk up to IEND.
template <class Visit>
void for_each_chunk(Bytes file, Visit visit) {
  const Reader reader(file, true, "PNG");
  for (std::uint64_t at = kPngSignature;;) {
    if (at + 12 > file.size()) throw BrokenImage("PNG is truncated: it ends without the IEND chunk");
    const std::uint64_t length = reader.number(at, 4);
    if (at + 12 + length > file.size()) throw BrokenImage("PNG is truncated: it ends inside a chunk");
    const PngChunk chunk{
        {reinterpret_cast<const char*>(&file[at + 4]), 4}, file.subspan(at, 12 + length), file.subspan(at + 8, length)};
    visit(chunk);
    if (chunk.type == "IEND") return;
    at += 12 + length;
  }
}

bool is_critical(const PngChunk& chunk) { return (static_cast<unsigned char>(chunk.type[0]) & 0x20u) == 0; }

}  // namespace

ImageFormat image_format(Bytes file) {
  if (starts_with(file, "\x89PNG\r\n\x1a\n")) return ImageFormat::png;
  if (starts_with(file, "\xff\xd8\xff")) return ImageFormat::jpeg;
  if (starts_with(file, "BM")) return ImageFormat::bmp;
  if (starts_with(file, std::string_view("II*\0", 4)) || starts_with(file, std::string_view("MM\0*", 4))) {
    return ImageFormat::tiff;
  }
  if (starts_with(file, "P2") || starts_with(file, "P5")) return ImageFormat::pgm;
  return ImageFormat::unknown;
}

std::string to_text(ImageFormat format) {
  static const std::map<ImageFormat, std::string> names{{ImageFormat::png, "PNG"}, {ImageFormat::jpeg, "JPEG"},
                                                        {ImageFormat::bmp, "BMP"}, {ImageFormat::tiff, "TIFF"},
                                                        {ImageFormat::pgm, "PGM"}, {ImageFormat::unknown, "unknown"}};
  return names.at(format);
}

ImageHeader check_png(Bytes file) {
  ImageHeader header;
  bool pixels = false;
  const Reader numbers(file, true, "PNG");
  for_each_chunk(file, [&](const PngChunk& chunk) {
    const auto at = static_cast<std::uint64_t>(chunk.data.data() - file.data());
    if (chunk.type == "IHDR") {
      header.width = static_cast<std::int64_t>(numbers.number(at, 4));
      header.height = static_cast<std::int64_t>(numbers.number(at + 4, 4));
    }
    header.full_range |= chunk.type == "sBIT";
    pixels |= chunk.type == "IDAT";
    // Only what the decoder will be given is checked: a wrong sum in a comment harms nobody.
    if (is_critical(chunk) &&
        crc32(chunk.whole.subspan(4, 4 + chunk.data.size())) != numbers.number(at + chunk.data.size(), 4)) {
      throw BrokenImage("PNG is damaged: the check sum of a chunk is wrong");
    }
  });
  if (header.width == 0 || header.height == 0) throw BrokenImage("PNG has no image header (IHDR)");
  if (!pixels) throw BrokenImage("PNG holds no pixels (no IDAT chunk)");
  return header;
}

std::vector<std::uint8_t> critical_chunks(Bytes png) {
  std::vector<std::uint8_t> slim(png.begin(), png.begin() + kPngSignature);
  slim.reserve(png.size());
  for_each_chunk(png, [&](const PngChunk& chunk) {
    if (is_critical(chunk)) slim.insert(slim.end(), chunk.whole.begin(), chunk.whole.end());
  });
  return slim;
}

// Markers as in ITU-T T.81, annex B: segments carry their length; after a scan header comes entropy-coded data, in
// which 0xFF is followed by 0 (stuffed) or a restart marker.
ImageHeader check_jpeg(Bytes file) {
  constexpr auto is_frame = [](unsigned marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
  };
  const auto truncated = [] { return BrokenImage("JPEG is truncated: it ends without the end-of-image marker"); };
  const Reader numbers(file, true, "JPEG");
  ImageHeader header;
  std::size_t at = 2;
  for (;;) {
    while (at < file.size() && file[at] != 0xff) ++at;  // entropy-coded data, or filling
    while (at < file.size() && file[at] == 0xff) ++at;
    if (at >= file.size()) throw truncated();
    const unsigned marker = file[at++];
    if (marker == 0xd9) break;
    if (marker == 0x00 || marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue;
    if (at + 2 > file.size()) throw truncated();
    const std::uint64_t length = numbers.number(at, 2);
    if (at + length > file.size()) throw truncated();
    if (is_frame(marker)) {
      header.height = static_cast<std::int64_t>(numbers.number(at + 3, 2));
      header.width = static_cast<std::int64_t>(numbers.number(at + 5, 2));
    }
    at += length;
  }
  if (header.width == 0 || header.height == 0) throw BrokenImage("JPEG has no frame header");
  return header;
}

ImageHeader check_bmp(Bytes file) {
  const Reader numbers(file, false, "BMP");
  const std::uint64_t offset = numbers.number(10, 4);
  const std::uint64_t header_size = numbers.number(14, 4);
  ImageHeader header;
  std::uint64_t bits = 0;
  std::uint64_t compression = 0;
  if (header_size == 12) {  // OS/2
    header.width = static_cast<std::int64_t>(numbers.number(18, 2));
    header.height = static_cast<std::int64_t>(numbers.number(20, 2));
    bits = numbers.number(24, 2);
  } else {
    header.width = static_cast<std::int32_t>(numbers.number(18, 4));
    header.height = static_cast<std::int32_t>(numbers.number(22, 4));
    bits = numbers.number(28, 2);
    compression = numbers.number(30, 4);
  }
  header.height = header.height < 0 ? -header.height : header.height;  // negative: rows run from the top
  if (header.width <= 0 || header.height <= 0) throw BrokenImage("BMP has no size in its header");
  const std::uint64_t row = (static_cast<std::uint64_t>(header.width) * bits + 31) / 32 * 4;
  const bool run_length = compression == 1 || compression == 2;
  const std::uint64_t wanted = offset + (run_length ? 0 : row * static_cast<std::uint64_t>(header.height));
  if (wanted > file.size()) {
    throw BrokenImage("BMP is truncated: " + std::to_string(file.size()) + " of " + std::to_string(wanted) +
                      " bytes are there");
  }
  return header;
}

ImageHeader check_tiff(Bytes file) {
  const Reader numbers(file, file[0] == 'M', "TIFF");
  const std::uint64_t directory = numbers.number(4, 4);
  const std::uint64_t entries = numbers.number(directory, 2);
  numbers.number(directory + 2 + entries * 12, 4);  // where the next directory is; there even if there is none
  std::map<std::uint64_t, std::vector<std::uint64_t>> tags;
  for (std::uint64_t entry = 0; entry < entries; ++entry) {
    const std::uint64_t at = directory + 2 + entry * 12;
    const std::uint64_t type = numbers.number(at + 2, 2);
    const std::uint64_t count = numbers.number(at + 4, 4);
    constexpr std::array<std::uint64_t, 13> kTypeBytes{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8};
    const std::uint64_t bytes = type < kTypeBytes.size() ? kTypeBytes[type] : 0;
    const std::uint64_t values = count * bytes <= 4 ? at + 8 : numbers.number(at + 8, 4);
    if (values + count * bytes > file.size()) {
      throw BrokenImage("TIFF is truncated: a directory entry lies behind its end");
    }
    if (type != 3 && type != 4) continue;  // SHORT and LONG hold all that is read here
    auto& tag = tags[numbers.number(at, 2)];
    for (std::uint64_t i = 0; i < count; ++i)
      tag.push_back(numbers.number(values + i * bytes, static_cast<int>(bytes)));
  }
  const auto first = [&](std::uint64_t tag) { return tags[tag].empty() ? 0 : static_cast<std::int64_t>(tags[tag][0]); };
  const ImageHeader header{first(256), first(257)};
  if (header.width == 0 || header.height == 0) throw BrokenImage("TIFF has no size in its first directory");
  for (const auto& [offsets, counts] : {std::pair{273u, 279u}, std::pair{324u, 325u}}) {  // strips, tiles
    const std::size_t pieces = std::min(tags[offsets].size(), tags[counts].size());
    for (std::size_t i = 0; i < pieces; ++i) {
      if (tags[offsets][i] + tags[counts][i] > file.size()) {
        throw BrokenImage("TIFF is truncated: its pixels reach to byte " +
                          std::to_string(tags[offsets][i] + tags[counts][i]) + ", the file ends at " +
                          std::to_string(file.size()));
      }
    }
  }
  return header;
}

}  // namespace vaso::vision
