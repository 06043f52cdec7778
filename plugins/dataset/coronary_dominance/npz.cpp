#include "npz.hpp"

#include "sdk/dataset.hpp"

#include <fmt/format.h>
#include <zip.h>

namespace vaso::npy {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAgain = "download or unpack it again, or remove it";

class Member {
 public:
  Member(zip* archive, const fs::path& file, const std::string& name) : file_(file), name_(name) {
    const zip_int64_t index = zip_name_locate(archive, (name + ".npy").c_str(), 0);
    if (index < 0) throw DataError({file, "has no member `" + name + "`", "check that it belongs to this data set"});
    zip_stat_t stat;
    zip_stat_init(&stat);
    zip_stat_index(archive, static_cast<zip_uint64_t>(index), 0, &stat);
    size_ = static_cast<std::int64_t>(stat.size);
    stream_.reset(zip_fopen_index(archive, static_cast<zip_uint64_t>(index), 0));
    if (!stream_) fail(std::string("cannot be opened: ") + zip_strerror(archive), kAgain);
  }

  [[noreturn]] void fail(const std::string& what, const std::string& cure) const {
    throw DataError({file_, "its member `" + name_ + "` " + what, cure});
  }

  std::vector<std::uint8_t> read(std::int64_t count) {
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(count));
    const zip_int64_t got = zip_fread(stream_.get(), bytes.data(), static_cast<zip_uint64_t>(count));
    if (got < 0) fail(std::string("is damaged: ") + zip_file_strerror(stream_.get()), kAgain);
    if (got != count) fail("ends too early", kAgain);
    return bytes;
  }

  Header header() {
    try {
      if (size_ < static_cast<std::int64_t>(kPreamble)) throw BrokenArray("does not begin as a NumPy array");
      std::vector<std::uint8_t> bytes = read(kPreamble);
      const std::int64_t whole = header_bytes(bytes);
      if (whole > size_) throw BrokenArray("ends within its header");
      const std::vector<std::uint8_t> rest = read(whole - static_cast<std::int64_t>(kPreamble));
      bytes.insert(bytes.end(), rest.begin(), rest.end());
      const Header header = parse_header(bytes);
      const std::int64_t stated = whole + header.elements() * header.item_size();
      if (stated != size_) throw BrokenArray(fmt::format("has {} bytes, by its header {}", size_, stated));
      return header;
    } catch (const BrokenArray& broken) {
      fail(broken.what(),
           "save it again as a plain array of numbers or text (numpy.savez_compressed), or remove the file");
    }
  }

  // The checksum is compared where the end is read.
  void check_end() {
    std::uint8_t beyond = 0;
    if (zip_fread(stream_.get(), &beyond, 1) != 0)
      fail(std::string("is damaged: ") + zip_file_strerror(stream_.get()), kAgain);
  }

 private:
  struct Close {
    void operator()(zip_file_t* stream) const { zip_fclose(stream); }
  };
  const fs::path& file_;
  const std::string& name_;
  std::int64_t size_ = 0;
  std::unique_ptr<zip_file_t, Close> stream_;
};

}  // namespace

void Npz::Close::operator()(zip* archive) const { zip_discard(archive); }

Npz::Npz(const fs::path& file) : file_(file) {
  int code = 0;
  archive_.reset(zip_open(file.c_str(), ZIP_RDONLY, &code));
  if (archive_) return;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  const bool broken = code == ZIP_ER_NOZIP || code == ZIP_ER_INCONS || code == ZIP_ER_READ;
  throw DataError({file, broken ? "is truncated or no npz archive (" + reason + ")" : "cannot be opened: " + reason,
                   broken ? kAgain : "check the path and who may read it"});
}

Npz::~Npz() = default;

Header Npz::header(const std::string& member) const { return Member(archive_.get(), file_, member).header(); }

Array Npz::read(const std::string& member) const {
  Member stream(archive_.get(), file_, member);
  Array array{stream.header(), {}};
  array.values = stream.read(array.header.elements() * array.header.item_size());
  stream.check_end();
  return array;
}

std::optional<Array> Npz::try_read(const std::string& member) const {
  try {
    return read(member);
  } catch (const DataError&) {
    return std::nullopt;
  }
}

}  // namespace vaso::npy
