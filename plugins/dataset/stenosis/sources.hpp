// The three forms in which the stenosis set goes round, read into one.
#pragma once

#include "annotations/voc_xml.hpp"

#include "sdk/dataset.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::stenosis {

struct Entry {
  RecordId id;             // split: what the folders say, "" where they say nothing. files: image,
                           // annotation
  std::vector<Box> boxes;  // of label 0; shares of the image's sides where `relative`
  bool relative = false;
  std::int64_t width = 0, height = 0;  // that the image must have; 0 = the annotation does not say
};

struct Source {
  std::vector<Entry> entries;  // by name
  std::vector<Fault> faults;
  std::vector<std::string> notes;
};

// Which of "voc", "yolo" and "coco" the files under `root` are. Throws DataError: none, or more than one.
std::string find_form(const std::filesystem::path& root);

// NAME.xml beside the image, or in a folder `annotations` (also `Annotations`, `labels`) beside its folder `images`.
// Every image needs one. Objects of other classes than stenosis are left out and noted.
Source read_voc_files(const std::filesystem::path& root, annotations::VocCorners corners);

// NAME.txt beside the image, or in the folder `labels` that mirrors its folder `images`. An image without one has no
// stenosis, as YOLO's tools take it; how many there are is noted.
Source read_yolo_files(const std::filesystem::path& root);

// JSON files anywhere under `root`; images are looked for beside the file, in `images` there and above, and in a folder
// named after the split. Categories count that have "stenos" in their name, or the only one.
Source read_coco_files(const std::filesystem::path& root);

}  // namespace vaso::stenosis
