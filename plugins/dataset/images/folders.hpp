// Finds images in folders, and the masks that belong to them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace vaso::images {

struct Found {
  std::filesystem::path file;      // absolute
  std::filesystem::path relative;  // to its root
};

// Image files under `root`, sorted by relative path, whatever order the file system lists them in. Hidden files, and
// side folders of masks (NAME_frangi or NAME_filter_92 beside NAME) are left out; a folder that links back to one above
// it is entered once. Throws DataError where root is no readable folder.
std::vector<Found> find_images(const std::filesystem::path& root, bool recursive);

// Pairs images with masks by stem, as XA-170K is laid out: the mask of R/a/x.png is R_frangi/a/x.png, or
// R/a_frangi/x.png; its extension may differ, and _filter_92 may stand for _frangi.
class MaskFinder {
 public:
  // side: the folder of masks to look in, laid out as root; "" = find it by its name.
  MaskFinder(std::filesystem::path root, std::filesystem::path side);

  // The mask of an image. "" where its folder has no side folder. Throws DataError: the side folder lacks this image's
  // mask, has two for it, or there is a folder of either name.
  std::filesystem::path mask(const Found& image);

 private:
  struct Listing {
    std::filesystem::path folder;
    std::multimap<std::filesystem::path, std::filesystem::path> by_stem;
  };
  const Listing& side_of(const std::filesystem::path& folder);  // of images, relative to the root
  Listing list_side(const std::filesystem::path& folder) const;
  std::filesystem::path side_path(const std::filesystem::path& folder) const;

  std::filesystem::path root_, side_;
  std::filesystem::path last_folder_;
  Listing last_;
  bool any_ = false;  // last_ holds something
};

}  // namespace vaso::images
