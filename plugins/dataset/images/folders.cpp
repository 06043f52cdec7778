#include "folders.hpp"

#include "vision/image_io.hpp"

#include "sdk/dataset.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace vaso::images {
namespace fs = std::filesystem;
namespace {

// The released filter script writes _frangi, the released loader opens _filter_92.
constexpr std::array kSuffixes{"_frangi", "_filter_92"};

fs::path with_suffix(const fs::path& folder, const char* suffix) { return folder.string() + suffix; }

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

std::vector<fs::path> entries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (!is_hidden(it->path())) found.push_back(it->path());
  }
  if (error)
    throw DataError(
        {folder, "cannot be listed: " + error.message(), "check that the folder exists and who may read it"});
  std::sort(found.begin(), found.end());
  return found;
}

// A folder named X_frangi is a side folder where a folder X stands beside it; else somebody just named his images so.
bool is_side_folder(const fs::path& folder) {
  const std::string name = folder.string();
  return std::any_of(kSuffixes.begin(), kSuffixes.end(), [&](const std::string suffix) {
    return name.ends_with(suffix) && fs::is_directory(name.substr(0, name.size() - suffix.size()));
  });
}

class Scan {
 public:
  Scan(fs::path root, bool recursive) : root_(std::move(root)), recursive_(recursive) {}

  std::vector<Found> run() {
    enter(root_);
    std::sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) { return a.relative < b.relative; });
    return std::move(found_);
  }

 private:
  void enter(const fs::path& folder) {
    std::error_code error;
    const fs::path real = fs::canonical(folder, error);
    if (error)
      throw DataError(
          {folder, "cannot be opened: " + error.message(), "check that the folder exists and who may read it"});
    if (!above_.insert(real).second) return;  // a link to a folder that we are in
    for (const fs::path& entry : entries(folder)) {
      if (fs::is_directory(entry, error)) {
        // A folder named like an image is reported when the image is read.
        if (vision::has_image_extension(entry))
          add(entry);
        else if (recursive_ && !is_side_folder(entry))
          enter(entry);
      } else if (vision::has_image_extension(entry)) {
        add(entry);
      }
    }
    above_.erase(real);
  }

  void add(const fs::path& file) { found_.push_back({file, file.lexically_relative(root_)}); }

  fs::path root_;
  bool recursive_;
  std::set<fs::path> above_;
  std::vector<Found> found_;
};

}  // namespace

std::vector<Found> find_images(const fs::path& root, bool recursive) {
  if (!fs::is_directory(root)) {
    throw DataError(
        {root, fs::exists(root) ? "is no folder" : "the folder does not exist", "check `root` of dataset.images"});
  }
  return Scan(root, recursive).run();
}

MaskFinder::MaskFinder(fs::path root, fs::path side) : root_(std::move(root)), side_(std::move(side)) {}

fs::path MaskFinder::side_path(const fs::path& folder) const {
  if (!side_.empty()) return side_ / folder;
  // From the image's own folder upwards, so that the nearest side folder wins.
  for (fs::path above = folder;; above = above.parent_path()) {
    const fs::path place = above.empty() ? root_ : root_ / above;
    std::vector<fs::path> sides;
    for (const char* suffix : kSuffixes) {
      if (fs::is_directory(with_suffix(place, suffix))) sides.push_back(with_suffix(place, suffix));
    }
    if (sides.size() > 1) {
      throw DataError({sides[0], "and " + sides[1].string() + " both hold masks of " + place.string(),
                       "name the one to use in `mask_folders` of dataset.images"});
    }
    if (sides.size() == 1 && above == folder) return sides[0];
    if (sides.size() == 1) return sides[0] / (above.empty() ? folder : folder.lexically_relative(above));
    if (above.empty()) return {};
  }
}

MaskFinder::Listing MaskFinder::list_side(const fs::path& folder) const {
  Listing listing{side_path(folder), {}};
  if (listing.folder.empty()) return listing;
  for (const fs::path& file : entries(listing.folder)) {
    if (vision::has_image_extension(file)) listing.by_stem.emplace(file.stem(), file);
  }
  return listing;
}

const MaskFinder::Listing& MaskFinder::side_of(const fs::path& folder) {
  if (!any_ || last_folder_ != folder) {
    last_ = list_side(folder);
    last_folder_ = folder;
    any_ = true;
  }
  return last_;
}

fs::path MaskFinder::mask(const Found& image) {
  const Listing& side = side_of(image.relative.parent_path());
  if (side.folder.empty()) return {};
  const auto [first, last] = side.by_stem.equal_range(image.file.stem());
  if (first == last) {
    throw DataError({image.file,
                     "has no mask in " + side.folder.string() + " (looked for " + image.file.stem().string() + ".*)",
                     "make the missing masks, or set masks = \"none\""});
  }
  if (std::next(first) != last) {
    throw DataError({image.file,
                     "has two masks: " + first->second.string() + " and " + std::next(first)->second.string(),
                     "remove one of them"});
  }
  return first->second;
}

}  // namespace vaso::images
