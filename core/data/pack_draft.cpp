#include "data/pack_draft.hpp"

#include "data/pack_layout.hpp"

#include "sdk/dataset.hpp"

#include "runs/store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <fstream>

namespace vaso::data {
namespace fs = std::filesystem;

PackDraft::PackDraft(const fs::path& file, const std::string& fingerprint, const std::vector<std::string>& maps)
    : file_(file), planes_(1 + maps.size()) {
  if (!fingerprint.empty() && open_to_resume()) {
    log_ = draft_.string() + ".log";
    take_up(nlohmann::json{{"format", kPackFormat}, {"fingerprint", fingerprint}, {"maps", maps}}.dump() + "\n");
    return;
  }
  draft_ = file.string() + ".tmp-" + std::to_string(::getpid());
  descriptor_ = ::open(draft_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail("cannot be created");
  size_ = sizeof(PackHeader);
}

PackDraft::~PackDraft() {
  const bool leave = committed_ || (keep_ && !log_.empty());
  if (!leave) ::unlink(draft_.c_str());
  if (!log_.empty() && (committed_ || !keep_)) ::unlink(log_.c_str());
  if (descriptor_ >= 0) ::close(descriptor_);  // and with it the lock
  if (log_descriptor_ >= 0) ::close(log_descriptor_);
}

// False where another process is making the same pack.
bool PackDraft::open_to_resume() {
  draft_ = file_.string() + ".unfinished";
  descriptor_ = ::open(draft_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail("cannot be created");
  struct stat ours {
  }, named{};
  // What was opened may have got its final name before it was locked.
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 && ::fstat(descriptor_, &ours) == 0 &&
      ::stat(draft_.c_str(), &named) == 0 && ours.st_ino == named.st_ino) {
    return true;
  }
  ::close(descriptor_);
  descriptor_ = -1;
  return false;
}

// Reads the records of an earlier process as far as they are whole, and forgets the rest.
void PackDraft::take_up(const std::string& heading) {
  size_ = sizeof(PackHeader);
  std::string kept = heading;
  std::ifstream log(log_);
  std::string line, planes;
  if (std::getline(log, line) && line + "\n" == heading) {
    while (std::getline(log, line)) {
      nlohmann::json entry = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (entry.is_discarded() || entry.value("at", std::int64_t{0}) != size_) break;
      const std::int64_t height = entry.value("height", std::int64_t{0}), width = entry.value("width", std::int64_t{0});
      if (height <= 0 || width <= 0 || height > (std::int64_t{1} << 31) / width) break;
      planes.resize(planes_ * static_cast<std::size_t>(padded(height * width)));
      if (::pread(descriptor_, planes.data(), planes.size(), size_) != static_cast<ssize_t>(planes.size())) break;
      if (record_digest(height, width, planes) != entry.value("sha256", "")) break;
      size_ += static_cast<std::int64_t>(planes.size());
      kept += line + "\n";
      records_.push_back(std::move(entry));
    }
  }
  log.close();
  log_descriptor_ = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (log_descriptor_ < 0 || ::ftruncate(descriptor_, size_) != 0) fail("cannot be written");
  write(log_descriptor_, kept, 0);
  log_size_ = static_cast<std::int64_t>(kept.size());
}

void PackDraft::append(nlohmann::json entry, std::string_view planes) {
  entry["at"] = size_;
  write(descriptor_, planes, size_);
  size_ += static_cast<std::int64_t>(planes.size());
  if (!log_.empty()) {  // after the planes: what the log names is there
    const std::string line = entry.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    write(log_descriptor_, line, log_size_);
    log_size_ += static_cast<std::int64_t>(line.size());
  }
  records_.push_back(std::move(entry));
}

void PackDraft::commit(const std::string& index) {
  PackHeader header{};
  std::memcpy(header.magic, kPackMagic.data(), kPackMagic.size());
  header.format = kPackFormat;
  header.index_at = static_cast<std::uint64_t>(size_);
  header.index_bytes = index.size();
  unhex(runs::sha256(index), header.index_sha256);
  write(descriptor_, index, size_);
  write(descriptor_, {reinterpret_cast<const char*>(&header), sizeof header}, 0);
  if (::fsync(descriptor_) != 0) fail("cannot be brought to the disk");
  if (::rename(draft_.c_str(), file_.c_str()) != 0) fail("cannot be renamed into place");
  committed_ = true;
  const fs::path folder = file_.has_parent_path() ? file_.parent_path() : fs::path(".");
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);  // the name survives a power cut; a file system that cannot do this still has the data
    ::close(directory);
  }
}

void PackDraft::write(int descriptor, std::string_view bytes, std::int64_t at) const {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor, bytes.data(), bytes.size(), at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("cannot be written after " + std::to_string(size_) + " bytes");
    bytes.remove_prefix(static_cast<std::size_t>(written));
    at += written;
  }
}

void PackDraft::fail(const std::string& what) const {
  const int reason = errno;
  const bool full = reason == ENOSPC || reason == EDQUOT || reason == EFBIG;
  throw DataError(
      {file_, what + ": " + std::strerror(reason),
       full ? "make room there, or put packs elsewhere (data.pack)" : "check the folder and who may write to it"});
}

}  // namespace vaso::data
