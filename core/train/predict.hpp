// A fine-tuned model applied to images that nobody labelled.
#pragma once

#include "sdk/dataset.hpp"
#include "train/reporter.hpp"
#include "train/trained_model.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace vaso::train {

// What people name on a command line: image files, folders of them (with those below), DICOM files and folders. Records
// are called as the files are, relative to what was named. DICOM is read by dataset.dicom. Throws DataError where there
// is nothing to read, and PluginError where that plugin is wanted and not to be had.
std::shared_ptr<Dataset> named_images(const std::vector<std::filesystem::path>& inputs, PluginHost& host);

struct PredictRequest {
  std::filesystem::path out;
  std::string device = "auto";
  std::int64_t batch_size = 8;
  double least_score = 0.05;  // of a box that is written; drawn are those of 0.3 and more
  bool overlays = true;
};

struct Predicted {
  std::int64_t images = 0, boxes = 0;
  double inside = 0;  // share of the pixels that some mask covers, mean over images
};

// Writes below `out`:
//   masks/NAME.png      255 inside; with several labels the number of the label, from 1, the later one on top
//   labels.json         names of the labels and the values they have in the masks
//   images.json         COCO: the images and categories that detections.json refers to
//   detections.json     COCO results: boxes in the images' own pixels
//   overlays/NAME.png   the answer over its image
//   files.csv           of every NAME the file that it came from, and the frame in that file
// Files that are there already are written over. Throws DataError, Interrupted.
Predicted predict(TrainedModel& model, const Dataset& images, const PredictRequest& request, Reporter& reporter);

}  // namespace vaso::train
