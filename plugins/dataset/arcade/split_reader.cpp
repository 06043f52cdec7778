#include "split_reader.hpp"

#include "data/listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace vaso::arcade {
namespace fs = std::filesystem;
namespace {

using annotations::CocoAnnotation;
using annotations::CocoFile;
using annotations::CocoImage;

class Reader {
 public:
  Reader(const SplitFolder& folder, const Labels& labels)
      : folder_(folder), labels_(labels), coco_(annotations::read_coco(folder.annotations)) {}

  Split read() {
    split_.faults = coco_.faults;
    for (const std::string& note : coco_.notes) tell(note);
    const std::map<std::int64_t, std::optional<std::int64_t>> label_of = categories();
    std::map<std::int64_t, std::vector<const CocoAnnotation*>> of_image;
    for (const CocoAnnotation& annotation : coco_.annotations) of_image[annotation.image_id].push_back(&annotation);
    for (const CocoImage& image : coco_.images) {
      if (const fs::path file = find(image); !file.empty()) add(image, file, of_image[image.id], label_of);
    }
    name_images_without_entry();
    std::sort(split_.entries.begin(), split_.entries.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.id.name.size(), a.id.name) < std::pair(b.id.name.size(), b.id.name);
    });
    summarise();
    return std::move(split_);
  }

 private:
  void tell(const std::string& note) { split_.notes.push_back(folder_.split + ": " + note); }

  std::map<std::int64_t, std::optional<std::int64_t>> categories() {
    std::set<std::int64_t> used;
    for (const CocoAnnotation& annotation : coco_.annotations) used.insert(annotation.category_id);
    std::map<std::int64_t, std::optional<std::int64_t>> label_of;
    for (const annotations::CocoCategory& category : coco_.categories) {
      name_of_[category.id] = category.name;
      try {
        label_of[category.id] = labels_.of_category(category.name);
      } catch (const std::invalid_argument&) {
        if (!used.contains(category.id)) continue;
        split_.faults.push_back({folder_.annotations,
                                 fmt::format("category {} is called `{}`, which is no segment of "
                                             "ARCADE",
                                             category.id, category.name),
                                 "correct its name: categories are known by name, 1 to 16c, 12b, 14b and stenosis"});
      }
    }
    return label_of;
  }

  // The image's file, "" after a fault was noted.
  fs::path find(const CocoImage& image) {
    const fs::path file = folder_.images / fs::path(image.file_name).filename();
    named_.insert(file);
    if (!stems_.insert(file.stem()).second) {
      split_.faults.push_back({folder_.annotations, fmt::format("two images are called {}", file.stem().string()),
                               "remove one of them and give it all annotations"});
      return {};
    }
    if (fs::exists(file)) return file;
    split_.faults.push_back({file, fmt::format("is missing; {} lists it", folder_.annotations.string()),
                             "unpack the archive again, or remove the image from the list"});
    return {};
  }

  void add(const CocoImage& image, const fs::path& file, const std::vector<const CocoAnnotation*>& annotations,
           const std::map<std::int64_t, std::optional<std::int64_t>>& label_of) {
    Entry entry;
    entry.id.name = folder_.split + "/" + file.stem().string();
    entry.id.split = folder_.split;
    entry.id.files = {file, folder_.annotations};
    entry.width = image.width;
    entry.height = image.height;
    bool right = false;
    for (const CocoAnnotation* annotation : annotations) {
      const auto label = label_of.find(annotation->category_id);
      if (label == label_of.end()) continue;  // a fault was noted
      if (!label->second) {
        ++left_out_[name_of_.at(annotation->category_id)];
      } else if (annotation->polygons.empty()) {
        split_.faults.push_back({folder_.annotations,
                                 fmt::format("annotation {} of {} has no outline", annotation->id, image.file_name),
                                 "draw it again, or remove the annotation"});
      } else {
        entry.instances.push_back({*label->second, annotation->polygons, annotation->box});
        right |= is_right_coronary(name_of_.at(annotation->category_id));
      }
    }
    right_ += right;
    split_.entries.push_back(std::move(entry));
  }

  void name_images_without_entry() {
    if (coco_.images.empty()) return;  // the file's own fault is enough
    for (const fs::path& file : data::images_under(folder_.images, false)) {
      if (named_.contains(file)) continue;
      split_.faults.push_back({file, fmt::format("is not listed in {}", folder_.annotations.string()),
                               "add it to `images` there (without annotations, nothing is in it), or remove it"});
    }
  }

  void summarise() {
    std::vector<std::int64_t> instances(labels_.names().size(), 0);
    std::int64_t empty = 0;
    for (const Entry& entry : split_.entries) {
      for (const Instance& instance : entry.instances) ++instances[static_cast<std::size_t>(instance.label)];
      empty += entry.instances.empty();
    }
    for (const auto& [name, count] : left_out_)
      tell(fmt::format("{} annotations of `{}` are left out: they are none of the labels asked for", count, name));
    for (std::size_t label = 0; label < instances.size(); ++label) {
      if (instances[label] == 0) tell(fmt::format("`{}` is annotated nowhere", labels_.names()[label]));
    }
    if (empty > 0) tell(fmt::format("{} of {} images have no annotation", empty, split_.entries.size()));
    if (!labels_.with_boxes()) {
      const auto annotated = static_cast<std::int64_t>(split_.entries.size()) - empty;
      tell(fmt::format("{} right and {} left coronary arteries (right: any of segments 1 to 4, 16a, 16b, 16c)", right_,
                       annotated - right_));
    }
  }

  const SplitFolder& folder_;
  const Labels& labels_;
  CocoFile coco_;
  Split split_;
  std::set<fs::path> stems_;
  std::set<fs::path> named_;                      // by the annotations
  std::map<std::int64_t, std::string> name_of_;   // of categories
  std::map<std::string, std::int64_t> left_out_;  // by category
  std::int64_t right_ = 0;
};

}  // namespace

Split read_split(const SplitFolder& folder, const Labels& labels) { return Reader(folder, labels).read(); }

}  // namespace vaso::arcade
