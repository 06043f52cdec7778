// What is annotated in a data set, split by split.
#pragma once

#include "sdk/dataset.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace vaso::data {

// What is kept of a record's labels after its pixels are gone. Vectors have an element for each label.
struct LabelSummary {
  std::vector<std::int64_t> pixels;
  std::vector<std::int64_t> boxes;
  std::int64_t all_pixels = 0, labelled = 0, overlapping = 0;  // overlapping: of two labels or more
  std::vector<double> areas;                                   // of the boxes, px²

  bool empty() const { return labelled == 0 && areas.empty(); }
};

// Throws DataError naming the record where its labels are not what the data set promises: no mask, or one of another
// size or type than the image's; a bit that is no label; a box of no area, outside the image, or of no label.
LabelSummary summarise_labels(const Dataset& dataset, const Record& record);

struct LabelCount {
  std::int64_t records = 0;  // that show it
  std::int64_t boxes = 0;
  double pixels = 0;  // share of all pixels of the split
};

// COCO's size ranges (cocoeval): small below 32², medium below 96² px² of area.
constexpr double kSmallArea = 32.0 * 32.0;
constexpr double kMediumArea = 96.0 * 96.0;

struct SplitStatistics {
  std::string split;  // "" = undivided
  std::int64_t records = 0, without_patient = 0;
  std::int64_t empty = 0;           // records that show no label
  std::set<std::string> patients;   // known ones
  std::set<std::string> sequences;  // "patient/sequence", known ones
  std::vector<LabelCount> labels;   // in the order of Dataset::labels()
  std::int64_t pixels = 0, labelled = 0, overlapping = 0;
  std::int64_t overlapping_records = 0;
  std::vector<double> areas;  // of all boxes, ascending after finish()

  std::int64_t boxes_below(double area) const;
  void add(const RecordId& id, const LabelSummary& summary);
  void finish();
};

// In the order train, val, test, then others by name.
std::vector<SplitStatistics> split_statistics(const std::vector<std::pair<RecordId, LabelSummary>>& records,
                                              std::size_t labels);

}  // namespace vaso::data
