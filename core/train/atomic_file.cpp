#include "train/atomic_file.hpp"

#include "train/safetensors.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace vaso::train {

AtomicFile::AtomicFile(const std::filesystem::path& file, std::uint64_t bytes)
    : file_(file), temporary_(file.string() + ".tmp-" + std::to_string(::getpid())), bytes_(bytes) {
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail("creating", errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::fail(const char* doing, int error) {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
    descriptor_ = -1;
  }
  std::error_code none;
  const char* old = std::filesystem::exists(file_, none) ? "; the file of that name is unchanged" : "";
  const char* cure =
      error == ENOSPC || error == EDQUOT || error == EFBIG ? ". Free some space, or choose another folder" : "";
  throw CheckpointError(fmt::format("{}: {} while {} {}, {} bytes needed{}{}", file_.string(), std::strerror(error),
                                    doing, temporary_.filename().string(), bytes_, old, cure));
}

void AtomicFile::write(const void* data, std::size_t bytes) {
  const auto* from = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t done = ::write(descriptor_, from, bytes);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail("writing", errno);
    from += done;
    bytes -= static_cast<std::size_t>(done);
  }
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) fail("syncing", errno);
  if (::rename(temporary_.c_str(), file_.c_str()) != 0) fail("renaming", errno);
  ::close(descriptor_);
  descriptor_ = -1;
  // The new name is safe only when the folder is. A file system that cannot sync a folder (EINVAL) needs no more.
  const std::filesystem::path folder = file_.has_parent_path() ? file_.parent_path() : ".";
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  const int error = ::fsync(directory) == 0 ? 0 : errno;
  ::close(directory);
  if (error != 0 && error != EINVAL && error != ENOTSUP) {
    throw CheckpointError(
        fmt::format("{}: written, but its folder could not be synced: {}", file_.string(), std::strerror(error)));
  }
}

}  // namespace vaso::train
