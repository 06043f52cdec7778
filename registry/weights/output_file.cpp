#include "weights/output_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace vaso::weights {

OutputFile::OutputFile(const std::filesystem::path& file)
    : file_(file), temporary_(file.string() + ".tmp-" + std::to_string(::getpid())) {
  std::error_code failure;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), failure);
  if (failure) fail("making its folder", failure.value());
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail("creating", errno);
}

OutputFile::~OutputFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void OutputFile::fail(const char* doing, int error) {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
    descriptor_ = -1;
  }
  const char* cure = error == ENOSPC || error == EDQUOT ? ". Free some space, or choose another folder" : "";
  const Complaint complain(file_);
  complain("{} while {} {}{}", std::strerror(error), doing, temporary_.filename().string(), cure);
}

void OutputFile::write(Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(descriptor_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail("writing", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
    position_ += static_cast<std::uint64_t>(done);
  }
}

void OutputFile::commit() {
  if (::fsync(descriptor_) != 0) fail("syncing", errno);
  if (::rename(temporary_.c_str(), file_.c_str()) != 0) fail("renaming", errno);
  ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace vaso::weights
