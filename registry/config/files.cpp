#include "config/files.hpp"

#include "config/diagnostics.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace vaso::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest = 1 << 20;      // bytes; the longest experiment file is a few kilobytes
constexpr std::size_t most_entries = 10'000;  // of a folder of images, say, that are looked through for near names

}  // namespace

std::optional<std::string> read_text(const fs::path& file, std::string& why) {
  std::error_code ignored;
  if (fs::is_directory(file, ignored)) {
    why = "it is a folder";
    return std::nullopt;
  }
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  std::string text;
  if (in) {
    text.resize(largest + 1);
    in.read(text.data(), static_cast<std::streamsize>(text.size()));  // also from a pipe, which has no size
    text.resize(static_cast<std::size_t>(in.gcount()));
  }
  if (!in.eof() && text.size() <= largest) {
    why = errno != 0 ? std::strerror(errno) : "it cannot be read";
    return std::nullopt;
  }
  if (text.size() > largest) {
    why = fmt::format("it has more than {} bytes: too much for a configuration", largest);
    return std::nullopt;
  }
  return text;
}

std::string hint_for_missing(const fs::path& missing) {
  std::error_code error;
  const fs::path folder = missing.has_parent_path() ? missing.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, error)) return fmt::format("there is no folder {} either", folder.string());
  std::vector<std::string> names;
  for (fs::directory_iterator at(folder, error), end; !error && at != end && names.size() < most_entries;
       at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  const std::string name = missing.filename().string();
  return near_names(name, names).empty() ? "" : suggestion(name, names);
}

}  // namespace vaso::config
