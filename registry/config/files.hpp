// Files that a configuration names: reading them, and what to say when they are not there.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace vaso::config {

// The text of a configuration file. Nothing where it cannot be read or is no configuration file by its size: then `why`
// says so.
std::optional<std::string> read_text(const std::filesystem::path& file, std::string& why);

// A hint for a path that does not exist: near names in its folder, or the part of the path that is missing. May be "".
std::string hint_for_missing(const std::filesystem::path& missing);

}  // namespace vaso::config
