// Scores of predicted masks over a set of images: the one place where fine-tuning and `vaso evaluate masks` get theirs.
#pragma once

#include "metrics/cl_dice.hpp"
#include "metrics/overlap.hpp"
#include "metrics/report.hpp"
#include "metrics/surface.hpp"

#include "vision/grey_image.hpp"

#include <set>
#include <string>
#include <vector>

namespace vaso::metrics {

struct MaskScoreOptions {
  bool surface = true;  // hd95 and assd, which take longer than all the others
};

// Headline figures (dice, iou, precision, recall, cl_dice, hd95, assd):
//   one label       the mean over images; where truth and prediction are empty, a ratio counts 1
//   several labels  for every class the mean over the images where the truth has it, then the mean over the classes
//   that
//                   some image has. "Both empty counts 1" would give an empty prediction of ARCADE's 25 segments 0.79
// Distances are left out where one of the two masks is empty, and counted. Beside them stand dice_global and iou_global
// (pixels of all images as one; with several labels the mean over classes), and dice as other code bases define it.
class MaskScores {
 public:
  using Options = MaskScoreOptions;

  // At least one label, no name twice; throws std::invalid_argument.
  explicit MaskScores(std::vector<std::string> labels, Options options = {});

  // One mask a label, not 0 inside; masks of different labels may overlap. Throws std::invalid_argument: another number
  // of masks than of labels, different sizes, an image of a name that was added before.
  void add(const std::string& image, const std::vector<vision::GreyImage>& truth,
           const std::vector<vision::GreyImage>& prediction);

  std::size_t size() const { return images_.size(); }

  // Without images, every value is NaN.
  Report report() const;

  // What is known of one label in one image.
  struct Cell {
    Overlap overlap;
    SkeletonOverlap skeleton;
    SurfaceDistances surface;
  };
  struct Image {
    std::string name;
    std::vector<Cell> cells;  // by label
    Overlap background;       // of the pixels without any label
  };

 private:
  ClassTable class_table() const;

  std::vector<std::string> labels_;
  Options options_;
  std::set<std::string> names_;
  std::vector<Image> images_;
};

}  // namespace vaso::metrics
