#include "data/listing.hpp"

#include "vision/image_io.hpp"

#include "sdk/dataset.hpp"
#include "sdk/schema.hpp"

#include <algorithm>
#include <set>

namespace vaso::data {
namespace fs = std::filesystem;
namespace {

std::vector<fs::path> entries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (!it->path().filename().string().starts_with('.')) found.push_back(it->path());
  }
  if (error) {
    throw DataError(
        {folder, "cannot be listed: " + error.message(), "check that the folder exists and who may read it"});
  }
  std::sort(found.begin(), found.end());
  return found;
}

// above: the folders that lead here.
void collect(const fs::path& folder, bool recursive, std::set<fs::path>& above, std::vector<fs::path>& found) {
  std::error_code error;
  const fs::path real = fs::canonical(folder, error);
  if (error) {
    throw DataError(
        {folder, "cannot be opened: " + error.message(), "check that the folder exists and who may read it"});
  }
  if (!above.insert(real).second) return;
  for (const fs::path& entry : entries(folder)) {
    if (!fs::is_directory(entry, error))
      found.push_back(entry);
    else if (recursive)
      collect(entry, recursive, above, found);
  }
  above.erase(real);
}

}  // namespace

fs::path folder_at(const std::string& text, const std::string& parameter) {
  if (text.empty()) throw ParameterError(parameter, "it needs the folder of the data set");
  fs::path folder = fs::absolute(text).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();  // "frames/" is "frames"
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    throw DataError({folder, fs::exists(folder, error) ? "is no folder" : "the folder does not exist",
                     "check `" + parameter + "`"});
  }
  return folder;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found = entries(folder);
  std::erase_if(found, [](const fs::path& entry) {
    std::error_code error;
    return !fs::is_directory(entry, error);
  });
  return found;
}

std::vector<fs::path> files_under(const fs::path& folder, bool recursive) {
  std::vector<fs::path> found;
  std::set<fs::path> above;
  collect(folder, recursive, above, found);
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<fs::path> images_under(const fs::path& folder, bool recursive) {
  std::vector<fs::path> found = files_under(folder, recursive);
  std::erase_if(found, [](const fs::path& file) { return !vision::has_image_extension(file); });
  return found;
}

}  // namespace vaso::data
