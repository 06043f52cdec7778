#include "annotations/coco_fields.hpp"

namespace vaso::annotations {

void write_coco(const std::filesystem::path& file, const CocoFile& content) {
  Json images = Json::array(), categories = Json::array(), annotations = Json::array();
  for (const CocoImage& image : content.images) {
    images.push_back(
        {{"id", image.id}, {"file_name", image.file_name}, {"width", image.width}, {"height", image.height}});
  }
  for (const CocoCategory& category : content.categories) {
    categories.push_back({{"id", category.id}, {"name", category.name}});
  }
  for (const CocoAnnotation& annotation : content.annotations) {
    annotations.push_back({{"id", annotation.id},
                           {"image_id", annotation.image_id},
                           {"category_id", annotation.category_id},
                           {"segmentation", annotation.polygons},
                           {"area", annotation.area},
                           {"bbox", to_json(annotation.box)},
                           {"iscrowd", annotation.crowd ? 1 : 0}});
  }
  write_json(file, {{"images", images}, {"categories", categories}, {"annotations", annotations}});
}

}  // namespace vaso::annotations
