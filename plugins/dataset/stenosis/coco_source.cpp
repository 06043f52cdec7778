#include "frame_name.hpp"
#include "sources.hpp"

#include "annotations/coco_json.hpp"
#include "data/listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace vaso::stenosis {
namespace fs = std::filesystem;
namespace {

using annotations::CocoFile;

// The categories that are stenoses.
std::set<std::int64_t> stenoses(const CocoFile& coco) {
  std::set<std::int64_t> found;
  for (const annotations::CocoCategory& category : coco.categories) {
    std::string name = category.name;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    if (coco.categories.size() == 1 || name.find("stenos") != std::string::npos) found.insert(category.id);
  }
  return found;
}

// "" where there is none.
fs::path find_image(const CocoFile& coco, const std::string& split, const fs::path& root, const std::string& name) {
  const fs::path beside = coco.path.parent_path();
  std::vector<fs::path> folders{beside, beside / "images"};
  if (beside != root) {
    const fs::path above = beside.parent_path();
    folders.insert(folders.end(), {above / "images", above});
    if (!split.empty()) folders.insert(folders.end(), {above / split, above / "images" / split});
  }
  for (const fs::path& folder : folders) {
    if (fs::is_regular_file(folder / name)) return (folder / name).lexically_normal();
  }
  return {};
}

void read_file(const fs::path& file, const fs::path& root, std::map<std::string, Entry>& entries, Source& source) {
  const CocoFile coco = annotations::read_coco(file, annotations::Outlines::ignore);
  source.faults.insert(source.faults.end(), coco.faults.begin(), coco.faults.end());
  for (const std::string& note : coco.notes) source.notes.push_back(file.filename().string() + ": " + note);
  const std::string split = split_in(file.lexically_relative(root));
  const std::set<std::int64_t> wanted = stenoses(coco);
  std::map<std::int64_t, std::vector<Box>> boxes;
  std::int64_t left_out = 0;
  for (const annotations::CocoAnnotation& each : coco.annotations) {
    if (wanted.contains(each.category_id)) {
      boxes[each.image_id].push_back(
          {each.box.left, each.box.top, each.box.width, each.box.height, 0, each.area, each.crowd});
    } else {
      ++left_out;
    }
  }
  if (left_out > 0)
    source.notes.push_back(
        fmt::format("{}: {} annotations of other categories are left out", file.filename().string(), left_out));
  for (const annotations::CocoImage& image : coco.images) {
    const fs::path found = find_image(coco, split, root, image.file_name);
    if (found.empty()) {
      source.faults.push_back({file,
                               fmt::format("image {} is the file {}, which is not there", image.id, image.file_name),
                               "put it beside the JSON or into `images`, or remove the image from the list"});
      continue;
    }
    Entry entry{id_of(found, root), boxes[image.id], false, image.width, image.height};
    entry.id.split = split;
    entry.id.files.push_back(file);
    if (const auto [other, fresh] = entries.emplace(entry.id.name, entry); !fresh) {
      source.faults.push_back(
          {file,
           fmt::format("{} is listed a second time; it is also in {}", image.file_name, other->second.id.files.back()),
           "an image belongs to one split: remove it from one of the files"});
    }
  }
}

}  // namespace

Source read_coco_files(const fs::path& root) {
  Source source;
  std::map<std::string, Entry> entries;
  bool any = false;
  for (const fs::path& file : data::files_under(root)) {
    if (file.extension() != ".json") continue;
    any = true;
    read_file(file, root, entries, source);
  }
  if (!any) throw DataError({root, "holds no JSON file", "put COCO's annotation file there, or change `annotations`"});
  for (auto& [name, entry] : entries) source.entries.push_back(std::move(entry));
  return source;
}

}  // namespace vaso::stenosis
