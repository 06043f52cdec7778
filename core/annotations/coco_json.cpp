#include "annotations/coco_json.hpp"

#include "annotations/coco_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace vaso::annotations {
namespace {

constexpr double kMargin = 1;  // pixels that a point may lie outside: annotation tools round, and draw on the border

class CocoReader {
 public:
  CocoReader(CocoFile& file, Outlines outlines) : file_(file), outlines_(outlines) {}

  void read(const Json& root) {
    for (const char* list : {"images", "categories", "annotations"}) {
      if (root.is_object() && root.contains(list) && root.at(list).is_array()) continue;
      file_.faults.push_back({file_.path.string(), fmt::format("it has no list `{}`", list),
                              "give COCO's annotation file: an object with images, categories and annotations"});
    }
    if (!file_.faults.empty()) return;
    read_images(root.at("images"));
    read_categories(root.at("categories"));
    read_annotations(root.at("annotations"));
    tell_mended();
  }

 private:
  Fields fields(const Json& object, const char* kind, std::size_t position) {
    std::string what = fmt::format("{} number {}", kind, position + 1);
    if (object.is_object() && object.contains("id")) what = fmt::format("{} {}", kind, object.at("id").dump());
    return Fields(object, what, file_.path, file_.faults);
  }

  bool is_object(const Json& object, Fields& fields) {
    if (!object.is_object()) fields.fault("it is no JSON object", "correct it in the file");
    return object.is_object();
  }

  void read_images(const Json& list) {
    std::unordered_set<std::string> names;
    std::size_t numbered = 0, other = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
      Fields fields = this->fields(list[i], "image", i);
      if (!is_object(list[i], fields)) continue;
      const auto id = fields.integer("id"), width = fields.integer("width"), height = fields.integer("height");
      const auto name = fields.text("file_name");
      if (!id || !width || !height || !name) continue;
      if (*width <= 0 || *height <= 0) {
        fields.fault(fmt::format("its size is {}×{}", *width, *height), "give its size in pixels");
        continue;
      }
      if (images_.contains(*id)) {
        fields.fault("its id is that of another image too, so annotations cannot be told apart",
                     "give every image an id of its own");
        continue;
      }
      if (!names.insert(*name).second) {
        fields.fault(fmt::format("another image is the file {} too", *name),
                     "remove one of them and give it all annotations");
        continue;
      }
      const std::string stem = std::filesystem::path(*name).stem();
      const bool number = stem.find_first_not_of("0123456789") == stem.npos && stem.size() < 18;
      numbered += number;
      other += number && std::stoll(stem) != *id;
      images_.emplace(*id, file_.images.size());
      file_.images.push_back({*id, *name, *width, *height});
    }
    if (other > 0 && numbered == file_.images.size()) {
      file_.notes.push_back(fmt::format(
          "{} of {} image ids are not the number in the file's name: images are found by file name", other, numbered));
    }
  }

  void read_categories(const Json& list) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < list.size(); ++i) {
      Fields fields = this->fields(list[i], "category", i);
      if (!is_object(list[i], fields)) continue;
      const auto id = fields.integer("id");
      const auto name = fields.text("name");
      if (!id || !name) continue;
      if (!categories_.insert(*id).second) {
        fields.fault("its id is that of another category too", "give every category an id of its own");
      } else if (!names.insert(*name).second) {
        fields.fault(fmt::format("another category is called {} too", *name), "give every category a name of its own");
      } else {
        file_.categories.push_back({*id, *name});
      }
    }
  }

  void read_annotations(const Json& list) {
    std::unordered_set<std::int64_t> ids;
    for (std::size_t i = 0; i < list.size(); ++i) {
      Fields fields = this->fields(list[i], "annotation", i);
      if (!is_object(list[i], fields)) continue;
      CocoAnnotation annotation;
      if (!fields.has("id")) {
        ++without_id_;
      } else if (const auto id = fields.integer("id")) {
        annotation.id = *id;
        repeated_ids_ += !ids.insert(*id).second;
      }
      if (read_annotation(fields, annotation)) file_.annotations.push_back(std::move(annotation));
    }
  }

  bool read_annotation(Fields& fields, CocoAnnotation& annotation) {
    const std::size_t faults = file_.faults.size();
    const auto image_id = fields.integer("image_id"), category_id = fields.integer("category_id");
    if (!image_id || !category_id) return false;
    annotation.image_id = *image_id;
    annotation.category_id = *category_id;
    const auto image = images_.find(*image_id);
    if (image == images_.end()) {
      fields.fault(fmt::format("it belongs to image {}, which the file does not have", *image_id),
                   "add the image to `images`, or remove the annotation");
      return false;
    }
    const CocoImage& size = file_.images[image->second];
    fields.of(size.file_name);
    if (!categories_.contains(*category_id)) {
      fields.fault(fmt::format("it is of category {}, which the file does not have", *category_id),
                   "add the category to `categories`, or correct the number (some tools count from 0)");
    }
    annotation.crowd = fields.has("iscrowd") && (fields.at("iscrowd") == 1 || fields.at("iscrowd") == true);
    if (outlines_ == Outlines::read && fields.has("segmentation")) read_outline(fields, size, annotation.polygons);
    if (file_.faults.size() == faults) read_box(fields, size, annotation);
    return file_.faults.size() == faults;
  }

  void read_outline(Fields& fields, const CocoImage& image, std::vector<Polygon>& polygons) {
    const Json& outline = fields.at("segmentation");
    if (outline.is_object()) {
      fields.fault("its outline is run-length encoded, which is not read",
                   "export polygons; an object of the type `iscrowd` can be left out");
      return;
    }
    if (!outline.is_array()) return fields.fault("`segmentation` is no list of polygons", "correct it in the file");
    for (const Json& part : outline) {
      if (!part.is_array() || !std::all_of(part.begin(), part.end(), [](const Json& x) { return x.is_number(); })) {
        fields.fault("a polygon is no list of numbers",
                     "write it as [x, y, x, y, …], and the polygons as a list of those");
        return;
      }
      polygons.push_back(part.get<Polygon>());
      check_polygon(fields, image, polygons.back());
    }
  }

  void check_polygon(Fields& fields, const CocoImage& image, const Polygon& xy) {
    if (xy.size() % 2 != 0) {
      return fields.fault(fmt::format("a polygon has {} coordinates, an odd number", xy.size()),
                          "give x and y of every point");
    }
    if (xy.size() < 6) {
      return fields.fault(fmt::format("a polygon has {} points; an area needs three", xy.size() / 2),
                          "draw it again, or remove the annotation");
    }
    for (std::size_t i = 0; i < xy.size(); i += 2) {
      if (inside(image, xy[i], xy[i + 1])) continue;
      return fields.fault(fmt::format("a polygon goes to ({:g}, {:g}), outside its {}×{} pixels", xy[i], xy[i + 1],
                                      image.width, image.height),
                          "check that the annotation is of this image and was drawn at this size");
    }
  }

  static bool inside(const CocoImage& image, double x, double y) {
    return x >= -kMargin && x <= static_cast<double>(image.width) + kMargin && y >= -kMargin &&
           y <= static_cast<double>(image.height) + kMargin;
  }

  void read_box(Fields& fields, const CocoImage& image, CocoAnnotation& annotation) {
    if (!fields.has("bbox") && !annotation.polygons.empty()) {
      annotation.box = box_around(annotation.polygons);
      ++without_box_;
    } else if (const auto box = fields.box("bbox")) {
      annotation.box = *box;
    } else {
      return;
    }
    if (!(annotation.box.width > 0 && annotation.box.height > 0)) {
      return fields.fault(
          fmt::format("its box has no area: {:g} wide, {:g} high", annotation.box.width, annotation.box.height),
          "`bbox` is left, top, width, height; draw it again, or remove the annotation");
    }
    const CocoBox& box = annotation.box;
    if (!inside(image, box.left, box.top) || !inside(image, box.left + box.width, box.top + box.height)) {
      return fields.fault(
          fmt::format("its box goes from ({:g}, {:g}) to ({:g}, {:g}), outside its {}×{} pixels", box.left, box.top,
                      box.left + box.width, box.top + box.height, image.width, image.height),
          "`bbox` is left, top, width, height in pixels; check that the annotation is of this image and was drawn at "
          "this size");
    }
    if (fields.has("area")) {
      if (const auto area = fields.number("area")) annotation.area = *area;
      return;
    }
    ++without_area_;
    annotation.area =
        annotation.polygons.empty()
            ? annotation.box.width * annotation.box.height
            : static_cast<double>(count_pixels(rasterise(annotation.polygons, image.height, image.width)));
  }

  static CocoBox box_around(const std::vector<Polygon>& polygons) {
    double left = polygons[0][0], right = left, top = polygons[0][1], bottom = top;
    for (const Polygon& xy : polygons) {
      for (std::size_t i = 0; i < xy.size(); i += 2) {
        left = std::min(left, xy[i]), right = std::max(right, xy[i]);
        top = std::min(top, xy[i + 1]), bottom = std::max(bottom, xy[i + 1]);
      }
    }
    return {left, top, right - left, bottom - top};
  }

  void tell_mended() {
    if (repeated_ids_ > 0) {
      file_.notes.push_back(
          fmt::format("{} annotations have an id that an earlier one has: all are renumbered from 1", repeated_ids_));
    }
    if (without_id_ > 0) {
      file_.notes.push_back(fmt::format("{} annotations have no id: all are numbered from 1", without_id_));
    }
    if (repeated_ids_ + without_id_ > 0) {
      std::int64_t next = 1;
      for (CocoAnnotation& annotation : file_.annotations) annotation.id = next++;
    }
    if (without_box_ > 0) {
      file_.notes.push_back(
          fmt::format("{} annotations have no `bbox`: it is taken around their polygons", without_box_));
    }
    if (without_area_ > 0) {
      file_.notes.push_back(
          fmt::format("{} annotations have no `area`: it is the polygons' pixels, or the box's area", without_area_));
    }
  }

  CocoFile& file_;
  Outlines outlines_;
  std::unordered_map<std::int64_t, std::size_t> images_;  // id to position
  std::set<std::int64_t> categories_;
  std::int64_t repeated_ids_ = 0, without_id_ = 0, without_box_ = 0, without_area_ = 0;
};

}  // namespace

void CocoFile::require_sound() const { require_none(faults); }

CocoFile read_coco(const std::filesystem::path& file, Outlines outlines) {
  CocoFile content;
  content.path = file;
  if (const auto root = parse_json(file, content.faults)) CocoReader(content, outlines).read(*root);
  return content;
}

}  // namespace vaso::annotations
