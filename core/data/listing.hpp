// Names of files and folders, in an order that is the same on every file system.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::data {

// `text` as an absolute path without "." and without a slash at its end. Throws ParameterError where it is empty, and
// DataError, whose cure names `parameter`, where it is no folder.
std::filesystem::path folder_at(const std::string& text, const std::string& parameter);

// Folders in `folder`, sorted. Hidden ones (".x") are left out. Throws DataError where it cannot be listed.
std::vector<std::filesystem::path> folders_in(const std::filesystem::path& folder);

// Files under `folder`, sorted by their path relative to it. Hidden files and folders are left out; linked folders are
// followed, but one that leads back to a folder above it is not. Throws DataError where a folder cannot be listed.
std::vector<std::filesystem::path> files_under(const std::filesystem::path& folder, bool recursive = true);

// Those of files_under() that are images by their extension (vision/image_io.hpp).
std::vector<std::filesystem::path> images_under(const std::filesystem::path& folder, bool recursive = true);

}  // namespace vaso::data
