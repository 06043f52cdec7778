#include "weights/zip_archive.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace vaso::weights {
namespace {

// Records and their fields: PKWARE's APPNOTE.TXT 6.3, sections 4.3 and 4.5.3.
constexpr std::uint32_t end_signature = 0x06054b50, end64_signature = 0x06064b50, locator_signature = 0x07064b50,
                        central_signature = 0x02014b50, local_signature = 0x04034b50;
constexpr std::size_t end_size = 22, end64_size = 56, locator_size = 20, central_size = 46, local_size = 30;
constexpr std::uint32_t in_zip64 = 0xffffffff;
constexpr std::uint16_t zip64_field = 1;

class Archive {
 public:
  Archive(Bytes bytes, const Complaint& complain) : bytes_(bytes), complain_(complain) {}

  std::map<std::string, Bytes, std::less<>> entries() {
    const Directory directory = find_directory();
    std::map<std::string, Bytes, std::less<>> found;
    std::uint64_t position = directory.offset;
    for (std::uint64_t i = 0; i < directory.entries; ++i) {
      auto [name, content] = entry(position);
      if (const std::string copy = name; !found.emplace(std::move(name), content).second)
        complain_("two entries are named {}", copy);
    }
    check_overlaps(found);
    return found;
  }

 private:
  struct Directory {
    std::uint64_t offset, entries;
  };

  void need(std::uint64_t offset, std::uint64_t size, const char* what) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) {
      complain_("{} should stand at byte {} and the file has {}: it is truncated or damaged. Copy it again", what,
                offset, bytes_.size());
    }
  }
  template <class Number>
  Number at(std::uint64_t offset) const {
    return number_at<Number>(bytes_, offset);
  }

  // The end record is the last thing in the file but for a comment of up to 65535 bytes.
  std::uint64_t find_end() const {
    constexpr std::uint64_t longest_comment = 0xffff;
    if (bytes_.size() >= end_size) {
      const std::uint64_t last = bytes_.size() - end_size;
      for (std::uint64_t back = 0; back <= std::min(last, longest_comment); ++back) {
        if (at<std::uint32_t>(last - back) == end_signature) return last - back;
      }
    }
    complain_("begins as a zip archive and has no end record: it is truncated. Copy it again");
  }

  Directory find_directory() const {
    const std::uint64_t end = find_end();
    Directory directory = {at<std::uint32_t>(end + 16), at<std::uint16_t>(end + 10)};
    if (end >= locator_size && at<std::uint32_t>(end - locator_size) == locator_signature) {
      const auto end64 = at<std::uint64_t>(end - locator_size + 8);
      need(end64, end64_size, "the zip64 end record");
      if (at<std::uint32_t>(end64) != end64_signature) complain_("has no zip64 end record at byte {}", end64);
      directory = {at<std::uint64_t>(end64 + 48), at<std::uint64_t>(end64 + 32)};
    }
    need(directory.offset, 0, "the zip directory");
    if (directory.entries > (bytes_.size() - directory.offset) / central_size) {
      complain_("announces {} zip entries, more than fit into the file", directory.entries);
    }
    return directory;
  }

  // Sizes and offsets beyond 32 bits stand in an extra field, only those that need it, in this order.
  void widen(std::uint64_t extra, std::uint64_t length, std::initializer_list<std::uint64_t*> values) const {
    for (std::uint64_t field = extra; field + 4 <= extra + length;) {
      const auto id = at<std::uint16_t>(field), size = at<std::uint16_t>(field + 2);
      if (field + 4 + size > extra + length) return;
      if (id == zip64_field) {
        std::uint64_t position = field + 4;
        for (std::uint64_t* value : values) {
          if (*value != in_zip64 || position + 8 > field + 4 + size) continue;
          *value = at<std::uint64_t>(position);
          position += 8;
        }
      }
      field += 4 + size;
    }
  }

  std::pair<std::string, Bytes> entry(std::uint64_t& position) const {
    need(position, central_size, "an entry of the zip directory");
    if (at<std::uint32_t>(position) != central_signature) complain_("has no zip entry at byte {}", position);
    const auto flags = at<std::uint16_t>(position + 8), method = at<std::uint16_t>(position + 10);
    std::uint64_t compressed = at<std::uint32_t>(position + 20), size = at<std::uint32_t>(position + 24),
                  local = at<std::uint32_t>(position + 42);
    const std::uint64_t name_length = at<std::uint16_t>(position + 28), extra_length = at<std::uint16_t>(position + 30),
                        comment_length = at<std::uint16_t>(position + 32);
    const std::uint64_t name_at = position + central_size;
    need(name_at, name_length + extra_length + comment_length, "an entry of the zip directory");
    std::string name(text_of(bytes_.subspan(name_at, name_length)));
    widen(name_at + name_length, extra_length, {&size, &compressed, &local});
    position = name_at + name_length + extra_length + comment_length;

    constexpr std::uint16_t encrypted = 1;
    if ((flags & encrypted) != 0) complain_("zip entry {} is encrypted", name);
    if (method != 0 || compressed != size) {
      complain_("zip entry {} is compressed, which PyTorch never does: is this a checkpoint?", name);
    }
    need(local, local_size, "a zip entry");
    if (at<std::uint32_t>(local) != local_signature) complain_("zip entry {} does not stand at byte {}", name, local);
    const std::uint64_t data = local + local_size + at<std::uint16_t>(local + 26) + at<std::uint16_t>(local + 28);
    need(data, size, "the content of a zip entry");
    return {std::move(name), bytes_.subspan(data, size)};
  }

  void check_overlaps(const std::map<std::string, Bytes, std::less<>>& entries) const {
    std::vector<std::pair<Bytes, const std::string*>> order;
    for (const auto& [name, content] : entries) {
      if (!content.empty()) order.emplace_back(content, &name);
    }
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first.data() < b.first.data(); });
    for (std::size_t i = 1; i < order.size(); ++i) {
      const Bytes before = order[i - 1].first;
      if (before.data() + before.size() > order[i].first.data()) {
        complain_("zip entries {} and {} overlap", *order[i - 1].second, *order[i].second);
      }
    }
  }

  Bytes bytes_;
  const Complaint& complain_;
};

}  // namespace

std::map<std::string, Bytes, std::less<>> stored_entries(Bytes archive, const Complaint& complain) {
  return Archive(archive, complain).entries();
}

}  // namespace vaso::weights
