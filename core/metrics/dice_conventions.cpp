#include "metrics/dice_conventions.hpp"

#include "metrics/mean.hpp"

namespace vaso::metrics {
namespace {

using Images = std::span<const MaskScores::Image>;

// MONAI averages the classes of an image first, then the images (monai/metrics/utils.py, do_metric_reduction, "mean").
template <class Value>
Metric by_image(const char* name, Images images, const char* convention, Value value) {
  DefinedMean mean;
  std::int64_t undefined = 0;
  for (const MaskScores::Image& image : images) {
    DefinedMean classes;
    for (const MaskScores::Cell& cell : image.cells) classes.add(value(cell.overlap));
    mean.add(classes.value());
    undefined += classes.undefined();
  }
  return {name, mean.value(), convention, undefined};
}

template <class Value>
Metric by_class(const char* name, Images images, std::size_t labels, const char* convention, Value value) {
  DefinedMean mean;
  std::int64_t undefined = 0;
  for (std::size_t label = 0; label < labels; ++label) {
    DefinedMean of_class;
    for (const MaskScores::Image& image : images) of_class.add(value(image.cells[label].overlap));
    mean.add(of_class.value());
    undefined += of_class.undefined();
  }
  return {name, mean.value(), convention, undefined};
}

Metric over_pixels(const char* name, Images images, std::size_t labels, double (*ratio)(const Overlap&, double)) {
  DefinedMean mean;
  for (std::size_t label = 0; label < labels; ++label) mean.add(ratio(pooled(images, label), kUndefined));
  const char* convention = labels == 1
                               ? "all images' pixels taken as one image"
                               : "all images' pixels taken as one image, per class; mean over classes, those that "
                                 "neither truth nor prediction has left out";
  return {name, mean.value(), convention, mean.undefined()};
}

Metric with_background(Images images, std::size_t labels) {
  Overlap background;
  for (const MaskScores::Image& image : images) background += image.background;
  DefinedMean mean;
  mean.add(dice(background, kUndefined));
  for (std::size_t label = 0; label < labels; ++label) mean.add(dice(pooled(images, label), kUndefined));
  return {"dice_mmseg", mean.value(),
          "mmsegmentation's mDice: as dice_global, and the background is one class more of the mean", mean.undefined()};
}

}  // namespace

Overlap pooled(Images images, std::size_t label) {
  Overlap sum;
  for (const MaskScores::Image& image : images) sum += image.cells[label].overlap;
  return sum;
}

std::vector<Metric> dice_conventions(Images images, std::size_t labels) {
  return {
      over_pixels("dice_global", images, labels, dice),
      over_pixels("iou_global", images, labels, iou),
      by_image(
          "dice_monai", images,
          "MONAI's DiceMetric: classes that the truth lacks are left out; mean over an image's classes, then images",
          [](const Overlap& counts) { return counts.truth == 0 ? kUndefined : dice(counts, kUndefined); }),
      by_image(
          "dice_monai_with_empty", images,
          "MONAI's DiceMetric with ignore_empty=False: both empty counts 1; mean over an image's classes, then images",
          [](const Overlap& counts) { return dice(counts, 1); }),
      by_class(
          "dice_nnunet", images, labels,
          "nnU-Net: both empty is left out, only the truth empty counts 0; mean over a class's images, then classes",
          [](const Overlap& counts) { return dice(counts, kUndefined); }),
      with_background(images, labels),
      by_class("dice_medpy", images, labels, "medpy's dc: both empty counts 0; mean over images, then classes",
               [](const Overlap& counts) { return dice(counts, 0); }),
  };
}

}  // namespace vaso::metrics
