// COCO's results format: detections.
#include "annotations/coco_fields.hpp"

#include <fmt/format.h>

namespace vaso::annotations {

void CocoDetections::require_sound() const { require_none(faults); }

CocoDetections read_coco_detections(const std::filesystem::path& file) {
  CocoDetections content;
  content.path = file;
  const auto root = parse_json(file, content.faults);
  if (!root) return content;
  if (!root->is_array()) {
    content.faults.push_back(
        {file.string(), "it is no list of detections",
         "give COCO's results format: [{\"image_id\": …, \"category_id\": …, \"bbox\": [left, top, "
         "width, height], \"score\": …}, …]"});
    return content;
  }
  for (std::size_t i = 0; i < root->size(); ++i) {
    Fields fields((*root)[i], fmt::format("detection number {}", i + 1), file, content.faults);
    if (!(*root)[i].is_object()) {
      fields.fault("it is no JSON object", "correct it in the file");
      continue;
    }
    const auto image_id = fields.integer("image_id"), category_id = fields.integer("category_id");
    const auto box = fields.box("bbox");
    const auto score = fields.number("score");
    if (!image_id || !category_id || !box || !score) continue;
    if (box->width < 0 || box->height < 0) {
      fields.fault(fmt::format("its box is {:g} wide and {:g} high", box->width, box->height),
                   "`bbox` is left, top, width, height, not two corners");
      continue;
    }
    content.detections.push_back({*image_id, *category_id, *box, *score});
  }
  return content;
}

void write_coco_detections(const std::filesystem::path& file, const std::vector<CocoDetection>& detections) {
  Json list = Json::array();
  for (const CocoDetection& detection : detections) {
    list.push_back({{"image_id", detection.image_id},
                    {"category_id", detection.category_id},
                    {"bbox", to_json(detection.box)},
                    {"score", detection.score}});
  }
  write_json(file, list);
}

}  // namespace vaso::annotations
