#include "data/ordered.hpp"
#include "data/pack.hpp"
#include "data/pack_layout.hpp"

#include "runs/store.hpp"

#include <ATen/core/Tensor.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <set>
#include <variant>

namespace vaso::data {
namespace fs = std::filesystem;
namespace {

// A file that appears under its name only when all of it is on the disk.
class NewFile {
 public:
  explicit NewFile(const fs::path& file)
      : file_(file), temporary_(file.string() + ".tmp-" + std::to_string(::getpid())) {
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor_ < 0) fail("cannot be created");
  }
  NewFile(const NewFile&) = delete;
  ~NewFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!committed_) ::unlink(temporary_.c_str());
  }

  void append(std::string_view bytes) {
    write(bytes, size_);
    size_ += static_cast<std::int64_t>(bytes.size());
  }
  void overwrite_start(std::string_view bytes) { write(bytes, 0); }
  std::int64_t size() const { return size_; }

  void commit() {
    if (::fsync(descriptor_) != 0) fail("cannot be brought to the disk");
    const int closed = ::close(descriptor_);
    descriptor_ = -1;
    if (closed != 0) fail("cannot be closed");
    if (::rename(temporary_.c_str(), file_.c_str()) != 0) fail("cannot be renamed into place");
    committed_ = true;
    const fs::path folder = file_.has_parent_path() ? file_.parent_path() : fs::path(".");
    const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
      ::fsync(directory);  // the name survives a power cut; a file system that cannot do this still has the data
      ::close(directory);
    }
  }

 private:
  void write(std::string_view bytes, std::int64_t at) {
    while (!bytes.empty()) {
      const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), at);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) fail("cannot be written after " + std::to_string(size_) + " bytes");
      bytes.remove_prefix(static_cast<std::size_t>(written));
      at += written;
    }
  }
  [[noreturn]] void fail(const std::string& what) const {
    const int reason = errno;
    const bool full = reason == ENOSPC || reason == EDQUOT || reason == EFBIG;
    throw DataError(
        {file_, what + ": " + std::strerror(reason),
         full ? "make room there, or put packs elsewhere (data.pack)" : "check the folder and who may write to it"});
  }

  fs::path file_, temporary_;
  int descriptor_ = -1;
  std::int64_t size_ = 0;
  bool committed_ = false;
};

// One record, ready to be appended.
struct Block {
  RecordId id;
  std::int64_t height = 0, width = 0;
  std::string planes;
  std::string sha256;
  std::vector<Box> boxes;
};
using Outcome = std::variant<Block, Fault>;

std::string size_text(const at::Tensor& plane) {
  return plane.dim() == 2 ? std::to_string(plane.size(1)) + "×" + std::to_string(plane.size(0))
                          : std::to_string(plane.dim()) + "-dimensional";
}

void append_plane(std::string& planes, const at::Tensor& plane) {
  const at::Tensor rows = plane.contiguous();
  const auto bytes = static_cast<std::size_t>(rows.numel());
  planes.append(static_cast<const char*>(rows.data_ptr()), bytes);
  planes.append(static_cast<std::size_t>(padded(rows.numel())) - bytes, '\0');
}

std::string label(const RecordId& id) { return id.files.empty() ? id.name : id.files.front(); }

Block make_block(const PackRequest& request, const std::vector<std::string>& maps, std::int64_t index) {
  const Record record = request.dataset->record(index);
  const std::string where = label(record.id);
  const at::Tensor& image = record.image;
  if (!image.defined() || image.dim() != 2 || image.numel() == 0 || image.scalar_type() != at::kByte) {
    throw DataError({where, "the data set gave no H×W uint8 image", "this is a fault of the dataset plugin"});
  }
  Block block{record.id, image.size(0), image.size(1), {}, {}, record.boxes};
  append_plane(block.planes, image);
  const auto add_map = [&](const std::string& name, const at::Tensor& map) {
    if (!map.defined() || map.scalar_type() != at::kByte || map.sizes() != image.sizes()) {
      throw DataError({where,
                       "its map `" + name + "` is " + (map.defined() ? size_text(map) : "missing") + ", the image " +
                           size_text(image),
                       "maps must have the size of their image"});
    }
    append_plane(block.planes, map);
  };
  for (const std::string& name : maps) {
    const auto found = record.maps.find(name);
    if (found != record.maps.end()) {
      add_map(name, found->second);
      continue;
    }
    const auto extra =
        std::find_if(request.extra.begin(), request.extra.end(), [&](const ExtraMap& e) { return e.name == name; });
    add_map(name, extra == request.extra.end() ? at::Tensor() : extra->compute(record));
  }
  block.sha256 = record_digest(block.height, block.width, block.planes);
  return block;
}

Outcome try_block(const PackRequest& request, const std::vector<std::string>& maps, std::int64_t index) {
  try {
    return make_block(request, maps, index);
  } catch (const DataError& error) {
    return error.fault();
  } catch (const std::exception& error) {
    return Fault{label(request.dataset->id(index)), error.what(), ""};
  }
}

[[noreturn]] void report(const std::vector<Fault>& faults, std::int64_t total) {
  if (faults.size() == 1) throw DataError(faults.front());
  constexpr std::size_t kListed = 20;
  std::string what = std::to_string(faults.size()) + " of " + std::to_string(total) + " records cannot be used:";
  for (std::size_t i = 0; i < std::min(faults.size(), kListed); ++i)
    what += "\n  " + faults[i].where + ": " + faults[i].what;
  if (faults.size() > kListed) what += "\n  and " + std::to_string(faults.size() - kListed) + " more";
  throw DataError({"data set", what, "mend or remove these files; `vaso data check` lists every one"});
}

nlohmann::json index_entry(const Block& block, std::int64_t at) {
  nlohmann::json boxes = nlohmann::json::array();
  for (const Box& box : block.boxes) {
    boxes.push_back({box.left, box.top, box.width, box.height, box.label, box.area, box.crowd});
  }
  return {{"name", block.id.name},       {"source", block.id.source},
          {"patient", block.id.patient}, {"sequence", block.id.sequence},
          {"frame", block.id.frame},     {"split", block.id.split},
          {"boxes", std::move(boxes)},   {"height", block.height},
          {"width", block.width},        {"at", at},
          {"sha256", block.sha256}};
}

std::vector<std::string> all_maps(const PackRequest& request) {
  std::vector<std::string> names = request.dataset->maps();
  for (const ExtraMap& extra : request.extra) names.push_back(extra.name);
  if (std::set<std::string>(names.begin(), names.end()).size() != names.size()) {
    throw std::invalid_argument("two maps of one pack have the same name");
  }
  return names;
}

std::int64_t records_of(const Dataset& dataset, std::int64_t limit) {
  return limit > 0 ? std::min(limit, dataset.size()) : dataset.size();
}

struct Cancelled {};

void write_whole(const fs::path& file, const PackRequest& request, std::int64_t total) {
  const std::vector<std::string> maps = all_maps(request);
  NewFile out(file);
  out.append(std::string(sizeof(PackHeader), '\0'));
  nlohmann::json records = nlohmann::json::array();
  std::string digests;
  std::vector<Fault> faults;
  for_each_in_order(
      total, request.threads, [&](std::int64_t i) { return try_block(request, maps, i); },
      [&](std::int64_t i, Outcome&& outcome) {
        if (request.cancelled != nullptr && (*request.cancelled)()) throw Cancelled{};
        if (const auto* fault = std::get_if<Fault>(&outcome)) {
          faults.push_back(*fault);
        } else if (faults.empty()) {  // otherwise there will be no pack; the rest is only checked
          const Block& block = std::get<Block>(outcome);
          records.push_back(index_entry(block, out.size()));
          digests += block.sha256;
          out.append(block.planes);
        }
        if (request.progress) request.progress(i + 1, total);
      });
  if (!faults.empty()) report(faults, total);

  const std::string index =
      nlohmann::json{{"maps", maps},
                     {"fingerprint", request.fingerprint},
                     {"digest", runs::sha256(digests)},
                     {"records", std::move(records)}}
          .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);  // file names may be no UTF-8
  PackHeader header{};
  std::memcpy(header.magic, kPackMagic.data(), kPackMagic.size());
  header.format = kPackFormat;
  header.index_at = static_cast<std::uint64_t>(out.size());
  header.index_bytes = index.size();
  unhex(runs::sha256(index), header.index_sha256);
  out.append(index);
  out.overwrite_start({reinterpret_cast<const char*>(&header), sizeof header});
  out.commit();
}

}  // namespace

bool write_pack(const fs::path& file, const PackRequest& request) {
  const std::int64_t total = records_of(*request.dataset, request.limit);
  if (total == 0) throw DataError({file, "the data set is empty, so there is nothing to pack", "check [data]"});
  try {
    write_whole(file, request, total);
  } catch (const Cancelled&) {
    return false;
  }
  return true;
}

std::string fingerprint(const Dataset& dataset, std::int64_t limit, const std::string& parameters) {
  const std::int64_t total = records_of(dataset, limit);
  std::string text =
      "pack format " + std::to_string(kPackFormat) + "\n" + parameters + "\n" + std::to_string(total) + "\n";
  for (std::int64_t i = 0; i < total; ++i) {
    const RecordId id = dataset.id(i);
    text += id.source + '\t' + id.name;
    for (const std::string& file : id.files) {
      struct stat about {};
      ::stat(file.c_str(), &about);  // a file that has gone counts as empty; reading it says so
      text += '\t' + fs::path(file).filename().string() + ' ' + std::to_string(about.st_size) + ' ' +
              std::to_string(about.st_mtim.tv_sec) + '.' + std::to_string(about.st_mtim.tv_nsec);
    }
    text += '\n';
  }
  return runs::sha256(text);
}

}  // namespace vaso::data
