#include "data/label_statistics.hpp"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace vaso::data {
namespace {

constexpr double kOverhang = 1;  // px that a box may lie outside: annotation tools round, and draw on the border

void count_mask(const Record& record, const std::vector<std::string>& labels, LabelSummary& summary) {
  const auto fail = [&](const std::string& what) {
    throw DataError({record.id.name, what, "correct the data set's reader, or the mask it was made from"});
  };
  if (!record.labels.defined()) fail("has no mask, but the data set has masks");
  if (record.labels.scalar_type() != at::kInt || record.labels.sizes() != record.image.sizes())
    fail("its mask has another size or type than its image");
  std::array<std::int64_t, 32> pixels{};
  std::uint32_t seen = 0;
  const at::Tensor mask = record.labels.contiguous();
  const auto* bits = mask.data_ptr<std::int32_t>();
  summary.all_pixels = mask.numel();
  for (std::int64_t i = 0; i < summary.all_pixels; ++i) {
    auto rest = static_cast<std::uint32_t>(bits[i]);
    if (rest == 0) continue;
    seen |= rest;
    ++summary.labelled;
    summary.overlapping += std::popcount(rest) > 1;
    for (; rest != 0; rest &= rest - 1) ++pixels[static_cast<std::size_t>(std::countr_zero(rest))];
  }
  if (const auto highest = static_cast<std::size_t>(std::bit_width(seen)); highest > labels.size())
    fail(fmt::format("its mask marks pixels of label number {}, of {} labels", highest, labels.size()));
  summary.pixels.assign(pixels.begin(), pixels.begin() + static_cast<std::ptrdiff_t>(labels.size()));
}

void count_boxes(const Record& record, const std::vector<std::string>& labels, LabelSummary& summary) {
  summary.boxes.assign(labels.size(), 0);
  for (const Box& box : record.boxes) {
    const auto fail = [&](const std::string& what) {
      throw DataError({record.id.name,
                       fmt::format("its box {:g} {:g} {:g} {:g} {}", box.left, box.top, box.width, box.height, what),
                       "draw it again, or remove it"});
    };
    if (!(box.width > 0 && box.height > 0)) fail("has no area");
    const auto width = static_cast<double>(record.image.size(1)), height = static_cast<double>(record.image.size(0));
    if (box.left < -kOverhang || box.top < -kOverhang || box.left + box.width > width + kOverhang ||
        box.top + box.height > height + kOverhang)
      fail(fmt::format("reaches outside the image of {}×{} pixels", width, height));
    if (box.label < 0 || static_cast<std::size_t>(box.label) >= labels.size())
      fail(fmt::format("is of label number {}, of {} labels", box.label + 1, labels.size()));
    ++summary.boxes[static_cast<std::size_t>(box.label)];
    summary.areas.push_back(box.area);
  }
}

int rank(const std::string& split) {
  if (split == "train") return 0;
  if (split == "val") return 1;
  return split == "test" ? 2 : 3;
}

}  // namespace

LabelSummary summarise_labels(const Dataset& dataset, const Record& record) {
  LabelSummary summary;
  const std::vector<std::string> labels = dataset.labels();
  if (dataset.has_masks()) count_mask(record, labels, summary);
  if (dataset.has_boxes()) count_boxes(record, labels, summary);
  return summary;
}

std::int64_t SplitStatistics::boxes_below(double area) const {
  return std::lower_bound(areas.begin(), areas.end(), area) - areas.begin();
}

void SplitStatistics::add(const RecordId& id, const LabelSummary& summary) {
  ++records;
  if (id.patient.empty()) {
    ++without_patient;
  } else {
    patients.insert(id.patient);
    if (!id.sequence.empty()) sequences.insert(id.patient + "/" + id.sequence);
  }
  empty += summary.empty();
  pixels += summary.all_pixels;
  labelled += summary.labelled;
  overlapping += summary.overlapping;
  overlapping_records += summary.overlapping > 0;
  areas.insert(areas.end(), summary.areas.begin(), summary.areas.end());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::int64_t marked = summary.pixels.empty() ? 0 : summary.pixels[i];
    const std::int64_t boxes = summary.boxes.empty() ? 0 : summary.boxes[i];
    labels[i].records += marked > 0 || boxes > 0;
    labels[i].boxes += boxes;
    labels[i].pixels += static_cast<double>(marked);  // a share once all pixels are known
  }
}

void SplitStatistics::finish() {
  std::sort(areas.begin(), areas.end());
  for (LabelCount& label : labels) label.pixels /= static_cast<double>(std::max<std::int64_t>(pixels, 1));
}

std::vector<SplitStatistics> split_statistics(const std::vector<std::pair<RecordId, LabelSummary>>& records,
                                              std::size_t labels) {
  std::map<std::pair<int, std::string>, SplitStatistics> by_split;
  for (const auto& [id, summary] : records) {
    SplitStatistics& split = by_split[{rank(id.split), id.split}];
    split.split = id.split;
    split.labels.resize(labels);
    split.add(id, summary);
  }
  std::vector<SplitStatistics> splits;
  for (auto& [key, split] : by_split) {
    split.finish();
    splits.push_back(std::move(split));
  }
  return splits;
}

}  // namespace vaso::data
