// Pascal VOC annotation files, one XML per image, as LabelImg writes them.
#pragma once

#include "sdk/dataset.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace vaso::annotations {

// What <xmin>…<ymax> mean. The same four numbers give boxes that differ by a pixel on two sides: IoU 0.95 for a box of
// 40 px.
enum class VocCorners {
  labelimg,  // corner points in pixels from the image's corner: the box is xmin…xmax. LabelImg stores where the mouse
             // was, rounded, and raises 0 to 1 (labelImg: libs/labelFile.py, convert_points_to_bnd_box)
  pascal,    // numbers of the first and the last pixel inside, counted from 1: the box is xmin−1…xmax (VOC 2012
             // development kit; detectron2: data/datasets/pascal_voc.py)
};

struct VocObject {
  std::string name;  // of its class
  double xmin = 0, ymin = 0, xmax = 0, ymax = 0;
  std::int64_t line = 0;  // where <object> stands, from 1
};

struct VocFile {
  std::int64_t width = 0, height = 0;  // 0 where the file does not say
  std::vector<VocObject> objects;
};

// Reads `file`, the annotation of the image with the same stem. Extension and folder of the image it names are not
// looked at: data sets are converted and moved. Throws DataError with the line: no readable XML, no <annotation>, a
// <filename> whose stem is another, a size that is no number, an object without name or corners.
VocFile read_voc(const std::filesystem::path& file);

// The object as a box of the image, `label` and `crowd` left as they are. Throws DataError naming `file` and the line:
// no area, or outside an image of the file's size (not checked where the file gives no size).
Box voc_box(const VocObject& object, VocCorners corners, const VocFile& voc, const std::filesystem::path& file);

}  // namespace vaso::annotations
