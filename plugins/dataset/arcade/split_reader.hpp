// One split of ARCADE: its images and what is annotated in them.
#pragma once

#include "annotations/coco_json.hpp"
#include "labels.hpp"
#include "layout.hpp"

#include <string>
#include <vector>

namespace vaso::arcade {

struct Instance {
  std::int64_t label = 0;
  std::vector<annotations::Polygon> polygons;
  annotations::CocoBox box;
};

struct Entry {
  RecordId id;                         // files: the image, the annotations
  std::int64_t width = 0, height = 0;  // as the annotations say
  std::vector<Instance> instances;
};

struct Split {
  std::vector<Entry> entries;  // by file name; numbers in their order
  std::vector<Fault> faults;
  std::vector<std::string> notes;
};

// Everything that is wrong is a fault of the result: nothing is thrown but where the folder cannot be listed.
Split read_split(const SplitFolder& folder, const Labels& labels);

}  // namespace vaso::arcade
