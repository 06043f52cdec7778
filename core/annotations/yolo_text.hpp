// YOLO label files: one text file per image, one object per line, everything relative to the image's sides.
//
//   boxes      CLASS CX CY W H
//   polygons   CLASS X1 Y1 X2 Y2 X3 Y3 …       (YOLO segmentation; copies of ARCADE come so)
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace vaso::annotations {

struct YoloObject {
  std::int64_t label = 0;                           // class number, from 0
  double left = 0, top = 0, width = 0, height = 0;  // box, or what bounds the polygon; shares of the image's sides
  std::vector<double> polygon;                      // x, y, x, y, …; shares of the sides. Empty for a box
  std::int64_t line = 0;                            // in the file, from 1
};

// Empty lines and an empty file are no fault: such an image has no object. Corners that lie outside the image by no
// more than the rounding of six written digits are moved onto its border. Throws DataError with the line: unreadable,
// not a number, a class that is no number in 0…classes−1, a count of numbers that is neither form (six are a
// prediction with its confidence), a box of no area, or outside the image.
std::vector<YoloObject> read_yolo(const std::filesystem::path& file, std::int64_t classes);

}  // namespace vaso::annotations
