#include "export/file.hpp"

#include "runs/store.hpp"

#include <fmt/format.h>
#include <cerrno>
#include <cstring>

namespace vaso::exporting {

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw runs::StoreError(
        fmt::format("cannot make the folder {}: {}. Name another with --out.", folder.string(), error.message()));
  }
}

File::File(const std::filesystem::path& file)
    : file_(file), partial_(file.string() + ".partial"), stream_(partial_, std::ios::binary | std::ios::trunc) {
  if (!stream_) fail();
}

File::~File() {
  std::error_code gone;
  if (stream_.is_open()) std::filesystem::remove(partial_, gone);
}

void File::write(std::string_view bytes) {
  if (!stream_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()))) fail();
}

void File::close() {
  stream_.flush();
  if (!stream_) fail();
  stream_.close();
  std::error_code error;
  std::filesystem::rename(partial_, file_, error);
  if (error) fail();
}

void File::fail() const {
  throw runs::StoreError(fmt::format("cannot write {}: {}. Free some space, or name another place with --out.",
                                     file_.string(), std::strerror(errno)));
}

}  // namespace vaso::exporting
