// Annotations in a file for each image: Pascal VOC and YOLO.
#include "frame_name.hpp"
#include "sources.hpp"

#include "annotations/yolo_text.hpp"
#include "data/listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace vaso::stenosis {
namespace fs = std::filesystem;
namespace {

const std::vector<std::string> kVocFolders{"annotations", "Annotations", "labels", "xmls"};
const std::vector<std::string> kYoloFolders{"labels"};

// Where the annotation of an image may stand: beside it, or in a folder that mirrors its folder `images`.
std::vector<fs::path> candidates(const fs::path& image, const fs::path& root, const std::string& extension,
                                 const std::vector<std::string>& folders) {
  std::vector<fs::path> found{fs::path(image).replace_extension(extension)};
  const fs::path relative = found.front().lexically_relative(root);
  for (const std::string& folder : folders) {
    fs::path mirrored;
    bool any = false;
    for (const fs::path& part : relative) {
      const bool swap = !any && (part == "images" || part == "JPEGImages");
      any |= swap;
      mirrored /= swap ? fs::path(folder) : part;
    }
    if (any) found.push_back(root / mirrored);
  }
  return found;
}

fs::path annotation_of(const fs::path& image, const fs::path& root, const std::string& extension,
                       const std::vector<std::string>& folders) {
  for (const fs::path& file : candidates(image, root, extension, folders)) {
    if (fs::exists(file)) return file;
  }
  return {};
}

// Images and what stands beside them; common to both forms.
class Pairing {
 public:
  Pairing(const fs::path& root, std::string extension, const std::vector<std::string>& folders)
      : root_(root), extension_(std::move(extension)) {
    for (const fs::path& image : data::images_under(root)) {
      Entry entry;
      entry.id = id_of(image, root);
      entry.id.split = split_in(image.lexically_relative(root).parent_path());
      if (const auto [other, fresh] = names_.emplace(entry.id.name, image); !fresh) {
        source.faults.push_back({image, "has the name of " + other->second.string() + ", with another extension",
                                 "remove one of the two: an annotation belongs to one image"});
        continue;
      }
      const fs::path annotation = annotation_of(image, root, extension_, folders);
      if (!annotation.empty()) {
        entry.id.files.push_back(annotation);
        used_.insert(annotation);
      }
      source.entries.push_back(std::move(entry));
    }
  }

  // Drops the entries for which `read` throws, and keeps what it said.
  template <class Read>
  void read_each(Read read) {
    std::vector<Entry> sound;
    for (Entry& entry : source.entries) {
      try {
        if (read(entry)) sound.push_back(std::move(entry));
      } catch (const DataError& error) {
        source.faults.push_back(error.fault());
      }
    }
    source.entries = std::move(sound);
  }

  // `is_annotation` tells annotations from other files of that extension.
  template <class Predicate>
  void name_annotations_without_image(Predicate is_annotation) {
    for (const fs::path& file : data::files_under(root_)) {
      if (file.extension() != extension_ || used_.contains(file) || !is_annotation(file)) continue;
      source.faults.push_back(
          {file, "belongs to no image: there is none with its name", "put the image back, or remove the annotation"});
    }
  }

  Source source;

 private:
  fs::path root_;
  std::string extension_;
  std::map<std::string, fs::path> names_;
  std::set<fs::path> used_;
};

bool is_stenosis(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return name.find("stenos") != std::string::npos;
}

}  // namespace

std::string find_form(const fs::path& root) {
  bool voc = false, yolo = false, coco = false;
  for (const fs::path& image : data::images_under(root)) {
    voc = voc || !annotation_of(image, root, ".xml", kVocFolders).empty();
    yolo = yolo || !annotation_of(image, root, ".txt", kYoloFolders).empty();
    if (voc && yolo) break;
  }
  for (const fs::path& file : data::files_under(root)) coco = coco || file.extension() == ".json";
  std::vector<std::string> forms;
  if (voc) forms.emplace_back("voc");
  if (yolo) forms.emplace_back("yolo");
  if (coco) forms.emplace_back("coco");
  if (forms.empty()) {
    throw DataError({root, "holds no image with an annotation",
                     "annotations are XML (Pascal VOC) or text (YOLO) named like the image, or one JSON (COCO)"});
  }
  if (forms.size() > 1) {
    throw DataError({root, fmt::format("holds annotations in more than one form: {}", fmt::join(forms, ", ")),
                     "say which to read: annotations = \"" + forms.front() + "\""});
  }
  return forms.front();
}

Source read_voc_files(const fs::path& root, annotations::VocCorners corners) {
  Pairing pairing(root, ".xml", kVocFolders);
  std::map<std::string, std::int64_t> others;
  pairing.read_each([&](Entry& entry) {
    const fs::path image = entry.id.files.front();
    if (entry.id.files.size() < 2) {
      throw DataError({image, "has no annotation: it is not known whether it shows a stenosis",
                       "put " + image.stem().string() + ".xml beside it, or remove the image"});
    }
    const fs::path file = entry.id.files.back();
    const annotations::VocFile voc = annotations::read_voc(file);
    entry.width = voc.width;
    entry.height = voc.height;
    for (const annotations::VocObject& object : voc.objects) {
      if (is_stenosis(object.name))
        entry.boxes.push_back(annotations::voc_box(object, corners, voc, file));
      else
        ++others[object.name];
    }
    return true;
  });
  for (const auto& [name, count] : others)
    pairing.source.notes.push_back(fmt::format("{} objects of class `{}` are left out", count, name));
  pairing.name_annotations_without_image([](const fs::path&) { return true; });
  return std::move(pairing.source);
}

Source read_yolo_files(const fs::path& root) {
  Pairing pairing(root, ".txt", kYoloFolders);
  std::int64_t without = 0;
  pairing.read_each([&](Entry& entry) {
    entry.relative = true;
    if (entry.id.files.size() < 2) return ++without > 0;
    for (const annotations::YoloObject& object : annotations::read_yolo(entry.id.files.back(), 1)) {
      entry.boxes.push_back({object.left, object.top, object.width, object.height, object.label, 0, false});
    }
    return true;
  });
  if (without > 0)
    pairing.source.notes.push_back(fmt::format("{} images have no label file: taken as without stenosis", without));
  // Beside labels there are lists of classes and files, and read-mes.
  pairing.name_annotations_without_image(
      [](const fs::path& file) { return file.parent_path().filename() == "labels" && file.stem() != "classes"; });
  return std::move(pairing.source);
}

}  // namespace vaso::stenosis
