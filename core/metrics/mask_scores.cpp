#include "metrics/mask_scores.hpp"

#include "metrics/dice_conventions.hpp"
#include "metrics/mean.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>

namespace vaso::metrics {
namespace {

using Cell = MaskScores::Cell;

// A figure that every image has for itself.
struct Measure {
  const char* name;
  const char* what;
  double (*value)(const Cell& cell, double both_empty);
  bool distance = false;  // undefined where a mask is empty, whatever the convention
};

constexpr Measure kMeasures[] = {
    {"dice", "", [](const Cell& cell, double empty) { return dice(cell.overlap, empty); }},
    {"cl_dice", "Zhang skeletons as scikit-image's; ",
     [](const Cell& cell, double empty) { return cl_dice(cell.skeleton, empty); }},
    {"iou", "", [](const Cell& cell, double empty) { return iou(cell.overlap, empty); }},
    {"precision", "", [](const Cell& cell, double empty) { return precision(cell.overlap, empty); }},
    {"recall", "", [](const Cell& cell, double empty) { return recall(cell.overlap, empty); }},
    {"hd95", "pixels, MONAI's definition; ", [](const Cell& cell, double) { return cell.surface.hd95; }, true},
    {"assd", "pixels, MONAI's definition; ", [](const Cell& cell, double) { return cell.surface.assd; }, true},
};

std::vector<Measure> measures(const MaskScoreOptions& options) {
  std::vector<Measure> chosen;
  std::copy_if(std::begin(kMeasures), std::end(kMeasures), std::back_inserter(chosen),
               [&](const Measure& measure) { return options.surface || !measure.distance; });
  return chosen;
}

// With several labels, an image says nothing about a class that its truth lacks.
double value_of(const Measure& measure, const Cell& cell, bool several) {
  if (!several) return measure.value(cell, 1);
  return cell.overlap.truth == 0 ? kUndefined : measure.value(cell, kUndefined);
}

std::string convention(const Measure& measure, bool several) {
  if (several && measure.distance) {
    return fmt::format(
        "{}per class the mean over images where truth and prediction have it, then the mean over classes",
        measure.what);
  }
  if (several) {
    return fmt::format(
        "{}per class the mean over images where the truth has it (0 where the prediction lacks it), then the mean "
        "over classes",
        measure.what);
  }
  if (measure.distance) return fmt::format("{}mean over images; left out where a mask is empty", measure.what);
  return fmt::format("{}mean over images; both empty counts 1, one empty 0", measure.what);
}

// The labels of one pixel as a mask: 255 where there is none.
vision::GreyImage without_label(const std::vector<vision::GreyImage>& masks) {
  vision::GreyImage background(masks.front().height, masks.front().width, 255);
  for (const vision::GreyImage& mask : masks) {
    for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
      if (mask.pixels[i] != 0) background.pixels[i] = 0;
    }
  }
  return background;
}

}  // namespace

MaskScores::MaskScores(std::vector<std::string> labels, Options options)
    : labels_(std::move(labels)), options_(options) {
  if (labels_.empty()) throw std::invalid_argument("scores of masks need a label at least");
  if (std::set<std::string>(labels_.begin(), labels_.end()).size() != labels_.size()) {
    throw std::invalid_argument("two labels have one name");
  }
}

void MaskScores::add(const std::string& image, const std::vector<vision::GreyImage>& truth,
                     const std::vector<vision::GreyImage>& prediction) {
  if (truth.size() != labels_.size() || prediction.size() != labels_.size()) {
    throw std::invalid_argument(fmt::format("image {}: {} masks of truth and {} of prediction for {} labels", image,
                                            truth.size(), prediction.size(), labels_.size()));
  }
  for (std::size_t label = 0; label < labels_.size(); ++label) {
    for (const vision::GreyImage* mask : {&truth[label], &prediction[label]}) {
      if (mask->height == truth[0].height && mask->width == truth[0].width) continue;
      throw std::invalid_argument(fmt::format("image {}: a mask is {}×{}, another {}×{}", image, mask->width,
                                              mask->height, truth[0].width, truth[0].height));
    }
  }
  if (!names_.insert(image).second) throw std::invalid_argument("image " + image + " was added before");

  Image entry{image, {}, overlap(without_label(truth), without_label(prediction))};
  for (std::size_t label = 0; label < labels_.size(); ++label) {
    Cell cell;
    cell.overlap = overlap(truth[label], prediction[label]);
    const bool both = cell.overlap.truth > 0 && cell.overlap.prediction > 0;
    cell.surface = {kUndefined, kUndefined};
    if (both && options_.surface) cell.surface = surface_distances(truth[label], prediction[label]);
    if (cell.overlap.truth + cell.overlap.prediction > 0)
      cell.skeleton = skeleton_overlap(truth[label], prediction[label]);
    entry.cells.push_back(cell);
  }
  images_.push_back(std::move(entry));
}

Report MaskScores::report() const {
  Report report;
  const bool several = labels_.size() > 1;
  const std::vector<Measure> chosen = measures(options_);
  for (const Measure& measure : chosen) {
    DefinedMean mean;
    std::int64_t undefined = 0;
    for (std::size_t label = 0; label < labels_.size(); ++label) {
      DefinedMean of_class;
      for (const Image& image : images_) of_class.add(value_of(measure, image.cells[label], several));
      mean.add(of_class.value());
      undefined += of_class.undefined();
    }
    report.metrics.push_back({measure.name, mean.value(), convention(measure, several), undefined});
    auto& per_image = report.per_image[measure.name];
    for (const Image& image : images_) {
      DefinedMean of_image;
      for (const Cell& cell : image.cells) of_image.add(value_of(measure, cell, several));
      if (!std::isnan(of_image.value())) per_image[image.name] = of_image.value();
    }
  }
  for (Metric& metric : dice_conventions(images_, labels_.size())) report.metrics.push_back(std::move(metric));
  if (several) report.classes = class_table();
  return report;
}

ClassTable MaskScores::class_table() const {
  ClassTable table;
  table.support = "images";
  const std::vector<Measure> chosen = measures(options_);
  for (const Measure& measure : chosen) table.columns.emplace_back(measure.name);
  table.columns.emplace_back("dice_global");
  for (std::size_t label = 0; label < labels_.size(); ++label) {
    ClassRow row{labels_[label], 0, {}};
    row.support = std::count_if(images_.begin(), images_.end(),
                                [&](const Image& image) { return image.cells[label].overlap.truth > 0; });
    for (const Measure& measure : chosen) {
      DefinedMean of_class;
      for (const Image& image : images_) of_class.add(value_of(measure, image.cells[label], true));
      row.values.push_back(of_class.value());
    }
    row.values.push_back(dice(pooled(images_, label), kUndefined));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace vaso::metrics
