#include "layout.hpp"

#include "data/listing.hpp"

#include "sdk/dataset.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vaso::arcade {
namespace fs = std::filesystem;
namespace {

struct Place {
  const char* split;
  const char* folder;  // below the root
};

const std::vector<Place>& places(Task task, bool challenge) {
  static const std::vector<Place> syntax{{"train", "syntax/train"}, {"val", "syntax/val"}, {"test", "syntax/test"}};
  static const std::vector<Place> stenosis{
      {"train", "stenosis/train"}, {"val", "stenosis/val"}, {"test", "stenosis/test"}};
  static const std::vector<Place> old_syntax{{"train", "dataset_phase_1/segmentation_dataset/seg_train"},
                                             {"val", "dataset_phase_1/segmentation_dataset/seg_val"},
                                             {"test", "dataset_final_phase/test_case_segmentation"}};
  static const std::vector<Place> old_stenosis{{"train", "dataset_phase_1/stenosis_dataset/sten_train"},
                                               {"val", "dataset_phase_1/stenosis_dataset/sten_val"},
                                               {"test", "dataset_final_phase/test_cases_stenosis"}};
  if (task == Task::syntax) return challenge ? old_syntax : syntax;
  return challenge ? old_stenosis : stenosis;
}

bool any_there(const fs::path& base, const std::vector<Place>& wanted) {
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const Place& place) { return fs::is_directory(base / place.folder); });
}

SplitFolder split_folder(const fs::path& folder, const std::string& split) {
  if (!fs::is_directory(folder / "images"))
    throw DataError({folder, "has no folder `images`", "unpack the archive again; its folders must stay as they are"});
  const fs::path annotations = folder / "annotations";
  if (!fs::is_directory(annotations)) {
    throw DataError({folder, "has no folder `annotations`", "unpack the archive again"});
  }
  std::vector<fs::path> found = data::files_under(annotations, false);
  std::erase_if(found, [](const fs::path& file) { return file.extension() != ".json"; });
  if (found.empty()) throw DataError({annotations, "holds no JSON file", "unpack the archive again"});
  if (const fs::path usual = annotations / (split + ".json");
      std::find(found.begin(), found.end(), usual) != found.end())
    return {split, folder / "images", usual};
  if (found.size() > 1) {
    throw DataError({annotations,
                     fmt::format("holds {} and {}, neither called {}.json", found[0].filename().string(),
                                 found[1].filename().string(), split),
                     "remove the one that is not this split's"});
  }
  return {split, folder / "images", found.front()};
}

}  // namespace

std::vector<SplitFolder> find_splits(const fs::path& root, Task task) {
  const std::string name = task == Task::syntax ? "syntax" : "stenosis";
  std::vector<fs::path> bases{root, root / "arcade", root / "submission", root / "arcade" / "submission",
                              root / "arcade_challenge_datasets"};
  if (root.filename() == name) bases.push_back(root.parent_path());
  std::vector<std::pair<fs::path, bool>> found;  // a base, and whether it is the challenge's generation
  for (const fs::path& base : bases) {
    for (const bool challenge : {false, true}) {
      if (any_there(base, places(task, challenge))) found.emplace_back(base, challenge);
    }
  }
  if (found.empty()) {
    throw DataError(
        {root, fmt::format("holds no ARCADE task `{}`", name),
         fmt::format("`root` is the unpacked archive: the folder above {}/train, or above dataset_phase_1", name)});
  }
  if (found.size() > 1) {
    throw DataError({root,
                     fmt::format("holds the task `{}` twice: below {} and below {}", name,
                                 (found[0].first / places(task, found[0].second)[0].folder).string(),
                                 (found[1].first / places(task, found[1].second)[0].folder).string()),
                     "name the folder of one archive in `root`"});
  }
  const auto& [base, challenge] = found.front();
  std::vector<SplitFolder> splits;
  for (const Place& place : places(task, challenge)) {
    if (fs::is_directory(base / place.folder)) splits.push_back(split_folder(base / place.folder, place.split));
  }
  return splits;
}

}  // namespace vaso::arcade
