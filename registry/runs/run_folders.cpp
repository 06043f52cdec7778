#include "runs/run_folders.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

namespace vaso::runs {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const char* what, const fs::path& path, const std::error_code& error) {
  throw StoreError(
      fmt::format("cannot {} {}: {}. Free some space or ask for the right to write there, then try again; "
                  "what was copied whole is used then.",
                  what, path.string(), error.message()));
}

// The same files with the same sizes: what a copy that was made from `source` looks like.
bool same_files(const fs::path& source, const fs::path& target) {
  if (!fs::is_directory(target)) return false;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(source)) {
    const fs::path other = target / fs::relative(entry.path(), source);
    std::error_code absent;
    if (entry.is_regular_file() && (fs::file_size(other, absent) != entry.file_size() || absent)) return false;
  }
  return true;
}

}  // namespace

std::string first_wrong_artefact(const fs::path& folder, const std::vector<Artefact>& artefacts, bool deep) {
  for (const Artefact& artefact : artefacts) {
    const fs::path file = folder / artefact.file;
    std::error_code absent;
    const std::uintmax_t size = fs::file_size(file, absent);
    if (absent || static_cast<std::int64_t>(size) != artefact.bytes) return artefact.file;
    if (deep && sha256_file(file) != artefact.sha256) return artefact.file;
  }
  return {};
}

std::int64_t copy_run_folder(const fs::path& source, const fs::path& target, const std::vector<Artefact>& artefacts,
                             const std::function<void(std::int64_t)>& progress) {
  if (same_files(source, target) && first_wrong_artefact(target, artefacts, true).empty()) return 0;
  const fs::path partial = target.string() + partial_suffix;
  std::error_code error;
  fs::remove_all(partial, error);
  if (!error) fs::create_directories(partial, error);
  if (error) fail("make the folder", partial, error);
  std::int64_t copied = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(source)) {
    const fs::path to = partial / fs::relative(entry.path(), source);
    if (entry.is_directory()) {
      fs::create_directories(to, error);
    } else if (entry.is_regular_file()) {
      if (fs::copy_file(entry.path(), to, error)) copied += static_cast<std::int64_t>(entry.file_size());
      progress(copied);
    }
    if (error) fail("copy to", to, error);
  }
  if (const std::string wrong = first_wrong_artefact(partial, artefacts, true); !wrong.empty()) {
    throw StoreError(fmt::format(
        "{} is not what the database recorded when it was made: its size or SHA-256 digest differs, or it is gone. "
        "Nothing was merged. Restore it, or merge without --copy, which only refers to the folder.",
        (source / wrong).string()));
  }
  fs::remove_all(target, error);
  if (!error) fs::rename(partial, target, error);
  if (error) fail("name the copy", target, error);
  return copied;
}

std::int64_t folder_bytes(const fs::path& folder) {
  std::int64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    if (entry->is_regular_file(gone)) bytes += static_cast<std::int64_t>(entry->file_size(gone));
  }
  return bytes;
}

MergeLock::MergeLock(const fs::path& home) {
  std::error_code error;
  fs::create_directories(home / merged_folder, error);
  descriptor_ = open((home / merged_folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ >= 0 && flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    close(descriptor_);
    descriptor_ = -1;
  }
}

MergeLock::~MergeLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace vaso::runs
