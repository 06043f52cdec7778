// COCO's annotation files (cocodataset.org, "Data format"), read tolerantly and checked strictly: keys that nobody here
// needs are passed over, and every fault of a file is found at one go.
//
// Nothing is looked up by position, and images are found by file name and categories by name: in ARCADE, image id 2 of
// the test split is 10.png, and category id 10 is called "9a".
#pragma once

#include "annotations/rasterise.hpp"

#include "sdk/dataset.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::annotations {

struct CocoImage {
  std::int64_t id = 0;
  std::string file_name;
  std::int64_t width = 0, height = 0;
};

struct CocoCategory {
  std::int64_t id = 0;
  std::string name;
};

struct CocoBox {
  double left = 0, top = 0, width = 0, height = 0;  // pixels
};

struct CocoAnnotation {
  std::int64_t id = 0;
  std::int64_t image_id = 0;
  std::int64_t category_id = 0;
  std::vector<Polygon> polygons;  // parts of one object; empty where only a box is given
  double area = 0;                // px², as the file says; else of the polygons' pixels; else of the box
  CocoBox box;
  bool crowd = false;
};

struct CocoFile {
  std::filesystem::path path;
  std::vector<CocoImage> images;
  std::vector<CocoCategory> categories;
  std::vector<CocoAnnotation> annotations;  // sound ones only, in the file's order
  std::vector<Fault> faults;                // each has the file and the annotation or image in it
  std::vector<std::string> notes;           // what was mended, and what is unusual

  // Throws DataError with the first fault, and how many more there are.
  void require_sound() const;
};

enum class Outlines {
  read,
  ignore,  // boxes alone are wanted: `segmentation` may be of any form, or missing
};

// Never throws: a missing file, one that is no JSON (with the line), and whatever is wrong in it are faults. Mended,
// with a note: annotation ids that occur twice or are missing (all are renumbered from 1), a missing area, and a
// missing box where there are polygons.
CocoFile read_coco(const std::filesystem::path& file, Outlines outlines = Outlines::read);

// Writes images, categories and annotations, as cocoapi reads them. Throws train::CheckpointError where the disk fails.
void write_coco(const std::filesystem::path& file, const CocoFile& content);

// COCO's results format: a list of {image_id, category_id, bbox, score}.
struct CocoDetection {
  std::int64_t image_id = 0;
  std::int64_t category_id = 0;
  CocoBox box;
  double score = 0;
};

struct CocoDetections {
  std::filesystem::path path;
  std::vector<CocoDetection> detections;
  std::vector<Fault> faults;
  void require_sound() const;  // as above
};

CocoDetections read_coco_detections(const std::filesystem::path& file);
void write_coco_detections(const std::filesystem::path& file, const std::vector<CocoDetection>& detections);

}  // namespace vaso::annotations
