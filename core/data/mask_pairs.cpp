#include "data/mask_pairs.hpp"

#include "data/listing.hpp"

#include <fmt/format.h>

#include <map>

namespace vaso::data {
namespace fs = std::filesystem;
namespace {

// Files by their path relative to a folder, without extension and suffix.
using ByKey = std::map<std::string, std::vector<fs::path>>;

std::string key_of(const fs::path& file, const fs::path& folder) {
  return file.lexically_relative(folder).replace_extension().generic_string();
}

std::vector<fs::path> first_files(const ByKey& files, const ByKey& others) {
  std::vector<fs::path> without;
  for (const auto& [key, found] : files) {
    if (others.count(key) == 0) without.push_back(found.front());
  }
  return without;
}

void report_twins(const ByKey& files, const char* what, std::vector<Fault>& faults) {
  for (const auto& [key, found] : files) {
    if (found.size() > 1) {
      faults.push_back({found[0], fmt::format("and {} are two {} of one name", found[1].string(), what),
                        "remove or rename one of them"});
    }
  }
}

void report_lonely(const std::vector<fs::path>& files, const std::string& what, const std::string& cure,
                   std::vector<Fault>& faults) {
  if (files.empty()) return;
  std::vector<std::string> others;
  for (std::size_t i = 1; i < files.size(); ++i) others.push_back(files[i].filename());
  faults.push_back({files[0], what + (others.empty() ? "" : "; nor have " + some_of(others)), cure});
}

}  // namespace

std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kNamed = 5;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kNamed; ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kNamed) text += fmt::format(" and {} more", names.size() - kNamed);
  return text;
}

MaskPairs pair_masks(const fs::path& images, const fs::path& masks, const std::string& suffix, bool recursive) {
  const bool shared = images == masks;
  if (shared && suffix.empty()) {
    throw DataError({images, "is named as folder of images and of masks",
                     "say by `mask_suffix` what masks are called, or name the other folder"});
  }
  ByKey image_files, mask_files;
  std::vector<fs::path> odd;  // in the folder of masks, without the suffix
  for (const fs::path& file : images_under(images, recursive)) {
    if (shared && key_of(file, images).ends_with(suffix)) continue;
    image_files[key_of(file, images)].push_back(file);
  }
  for (const fs::path& file : images_under(masks, recursive)) {
    std::string key = key_of(file, masks);
    if (key.ends_with(suffix)) {
      key.resize(key.size() - suffix.size());
      mask_files[key].push_back(file);
    } else if (!shared) {
      odd.push_back(file);
    }
  }

  MaskPairs result;
  report_twins(image_files, "images", result.ambiguous);
  report_twins(mask_files, "masks", result.ambiguous);
  for (const auto& [key, files] : image_files) {
    const auto mask = mask_files.find(key);
    if (mask != mask_files.end() && files.size() == 1 && mask->second.size() == 1)
      result.pairs.push_back({files[0], mask->second[0], key});
  }
  const std::vector<fs::path> lonely_images = first_files(image_files, mask_files);
  if (!lonely_images.empty()) {
    report_lonely(
        lonely_images,
        fmt::format("has no mask (looked for {}{}.* in {})", key_of(lonely_images[0], images), suffix, masks.string()),
        "add the masks, or take the images out", result.unmatched);
  }
  const std::vector<fs::path> lonely_masks = first_files(mask_files, image_files);
  report_lonely(lonely_masks, fmt::format("has no image in {}", images.string()),
                "add the images, or take the masks out", result.unmatched);
  report_lonely(odd, fmt::format("has a name that does not end in \"{}\"", suffix), "check `mask_suffix`",
                result.unmatched);
  return result;
}

}  // namespace vaso::data
