#include "data/pack.hpp"

#include "data/pack_layout.hpp"

#include "runs/store.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

namespace vaso::data {
namespace fs = std::filesystem;
namespace {

struct Entry {
  RecordId id;
  std::int64_t height = 0, width = 0;
  std::int64_t at = 0;  // of the image, from the start of the file
  std::string sha256;
  std::vector<Box> boxes;

  std::int64_t plane_bytes() const { return padded(height * width); }
};

// A file mapped for reading; unmapped when it goes.
class Mapping {
 public:
  explicit Mapping(const fs::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
      throw DataError(
          {file, std::string("the pack cannot be opened: ") + std::strerror(errno), "make it: vaso data pack"});
    }
    struct stat about {};
    ::fstat(descriptor, &about);
    size_ = about.st_size;
    void* address =
        size_ > 0 ? ::mmap(nullptr, static_cast<std::size_t>(size_), PROT_READ, MAP_SHARED, descriptor, 0) : MAP_FAILED;
    const int reason = errno;
    ::close(descriptor);
    if (size_ == 0) throw DataError({file, "is empty (0 bytes)", "remove it and make the pack again"});
    if (address == MAP_FAILED) {
      throw DataError({file, std::string("the pack cannot be mapped: ") + std::strerror(reason),
                       "check that it is a regular file"});
    }
    start_ = static_cast<const std::uint8_t*>(address);
  }
  Mapping(const Mapping&) = delete;
  ~Mapping() { ::munmap(const_cast<std::uint8_t*>(start_), static_cast<std::size_t>(size_)); }
  const std::uint8_t* at(std::int64_t offset) const { return start_ + offset; }
  std::string_view bytes(std::int64_t offset, std::int64_t count) const {
    return {reinterpret_cast<const char*>(start_ + offset), static_cast<std::size_t>(count)};
  }
  std::int64_t size() const { return size_; }

 private:
  const std::uint8_t* start_ = nullptr;
  std::int64_t size_ = 0;
};

constexpr const char* kMakeAgain = "remove it and make the pack again: vaso data pack";

}  // namespace

std::string record_digest(std::int64_t height, std::int64_t width, std::string_view planes) {
  std::string content = std::to_string(height) + "x" + std::to_string(width) + "\n";
  content.append(planes);
  return runs::sha256(content);
}

void unhex(const std::string& hex, unsigned char (&bytes)[32]) {
  for (std::size_t i = 0; i < sizeof bytes; ++i) {
    bytes[i] = static_cast<unsigned char>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
  }
}

struct Pack::Impl {
  fs::path file;
  Mapping mapping;
  std::vector<Entry> entries;
  std::vector<std::string> maps;
  std::string fingerprint, digest;

  explicit Impl(const fs::path& path) : file(path), mapping(path) {}

  nlohmann::json read_index() {
    PackHeader header{};
    const std::int64_t size = mapping.size();
    if (size < static_cast<std::int64_t>(sizeof header) || mapping.bytes(0, 8) != kPackMagic) {
      throw DataError({file, "is no pack", "name a file that `vaso data pack` wrote"});
    }
    std::memcpy(&header, mapping.at(0), sizeof header);
    if (header.format != kPackFormat) {
      throw DataError(
          {file,
           "has pack format " + std::to_string(header.format) + ", this program reads " + std::to_string(kPackFormat),
           kMakeAgain});
    }
    const std::uint64_t end = header.index_at + header.index_bytes;
    if (end < header.index_at || end != static_cast<std::uint64_t>(size)) {
      throw DataError({file,
                       "is truncated or was appended to: " + std::to_string(size) + " bytes, its header says " +
                           std::to_string(end),
                       kMakeAgain});
    }
    const std::string_view index =
        mapping.bytes(static_cast<std::int64_t>(header.index_at), static_cast<std::int64_t>(header.index_bytes));
    unsigned char found[32];
    unhex(runs::sha256(index), found);
    if (std::memcmp(found, header.index_sha256, sizeof found) != 0) {
      throw DataError({file, "is damaged: the digest of its index does not match", kMakeAgain});
    }
    return nlohmann::json::parse(index);
  }

  void read_entries(const nlohmann::json& index) {
    maps = index.at("maps").get<std::vector<std::string>>();
    fingerprint = index.at("fingerprint");
    digest = index.at("digest");
    for (const auto& record : index.at("records")) {
      Entry entry;
      entry.id.name = record.at("name");
      entry.id.source = record.at("source");
      entry.id.patient = record.at("patient");
      entry.id.sequence = record.at("sequence");
      entry.id.frame = record.at("frame");
      entry.id.split = record.at("split");
      for (const auto& box : record.at("boxes")) {
        entry.boxes.push_back({box[0], box[1], box[2], box[3], box[4], box[5], box[6]});
      }
      entry.height = record.at("height");
      entry.width = record.at("width");
      entry.at = record.at("at");
      entry.sha256 = record.at("sha256");
      const std::int64_t planes = 1 + static_cast<std::int64_t>(maps.size());
      if (entry.at < 0 || entry.height <= 0 || entry.width <= 0 ||
          entry.at + planes * entry.plane_bytes() > mapping.size()) {
        throw DataError({file, "is damaged: record " + entry.id.name + " lies outside of it", kMakeAgain});
      }
      entries.push_back(std::move(entry));
    }
  }

  void check_digest() const {
    std::string all;
    for (const Entry& entry : entries) {
      const std::int64_t planes = 1 + static_cast<std::int64_t>(maps.size());
      const std::string found =
          record_digest(entry.height, entry.width, mapping.bytes(entry.at, planes * entry.plane_bytes()));
      if (found != entry.sha256) {
        throw DataError(
            {file, "is damaged: the pixels of record " + entry.id.name + " do not match their digest", kMakeAgain});
      }
      all += found;
    }
    if (runs::sha256(all) != digest)
      throw DataError({file, "is damaged: its digest does not match its records", kMakeAgain});
  }
};

Pack::Pack(const fs::path& file, bool check_digest) : impl_(std::make_unique<Impl>(file)) {
  try {
    impl_->read_entries(impl_->read_index());
  } catch (const nlohmann::json::exception& error) {
    throw DataError({file, std::string("is damaged: its index cannot be read: ") + error.what(), kMakeAgain});
  }
  if (check_digest) impl_->check_digest();
}
Pack::~Pack() = default;
Pack::Pack(Pack&&) noexcept = default;
Pack& Pack::operator=(Pack&&) noexcept = default;

std::int64_t Pack::size() const { return static_cast<std::int64_t>(impl_->entries.size()); }
const RecordId& Pack::id(std::int64_t index) const { return impl_->entries.at(static_cast<std::size_t>(index)).id; }

const std::vector<Box>& Pack::boxes(std::int64_t index) const {
  return impl_->entries.at(static_cast<std::size_t>(index)).boxes;
}

Plane Pack::image(std::int64_t index) const {
  const Entry& entry = impl_->entries.at(static_cast<std::size_t>(index));
  return {impl_->mapping.at(entry.at), entry.height, entry.width};
}

Plane Pack::map(std::int64_t index, const std::string& name) const {
  const Entry& entry = impl_->entries.at(static_cast<std::size_t>(index));
  const auto found = std::find(impl_->maps.begin(), impl_->maps.end(), name);
  if (found == impl_->maps.end()) throw std::out_of_range(impl_->file.string() + " has no map `" + name + "`");
  const std::int64_t place = 1 + (found - impl_->maps.begin());
  return {impl_->mapping.at(entry.at + place * entry.plane_bytes()), entry.height, entry.width};
}

std::vector<std::string> Pack::maps() const { return impl_->maps; }
std::string Pack::fingerprint() const { return impl_->fingerprint; }
std::string Pack::digest() const { return impl_->digest; }

}  // namespace vaso::data
