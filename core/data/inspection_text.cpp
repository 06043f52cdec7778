#include "data/inspect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vaso::data {
namespace {

std::string counted(std::int64_t n, const char* one, const char* many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

double percent(std::int64_t part, std::int64_t whole) {
  return 100 * static_cast<double>(part) / static_cast<double>(std::max<std::int64_t>(whole, 1));
}

// "a, b, c"; long lists are cut.
std::string list_text(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kShown) text += fmt::format(" and {} more", names.size() - kShown);
  return text;
}

void append_groups(std::string& text, const std::vector<std::vector<std::string>>& groups, const std::string& what) {
  if (groups.empty()) return;
  constexpr std::size_t kShown = 10;
  std::size_t records = 0;
  for (const auto& group : groups) records += group.size();
  text += fmt::format("{}: {} records in {}\n", what, records,
                      counted(static_cast<std::int64_t>(groups.size()), "group", "groups"));
  for (std::size_t i = 0; i < std::min(groups.size(), kShown); ++i) text += "  " + list_text(groups[i]) + "\n";
  if (groups.size() > kShown)
    text +=
        fmt::format("  and {} more\n", counted(static_cast<std::int64_t>(groups.size() - kShown), "group", "groups"));
}

std::string split_name(const SplitStatistics& split) { return split.split.empty() ? "(none)" : split.split; }

std::string splits_text(const std::vector<SplitStatistics>& splits, bool labelled) {
  std::string text;
  for (const SplitStatistics& split : splits) {
    text += fmt::format("split {}: {}", split_name(split), counted(split.records, "record", "records"));
    if (!split.patients.empty())
      text += ", " + counted(static_cast<std::int64_t>(split.patients.size()), "known patient", "known patients");
    if (!split.sequences.empty())
      text += ", " + counted(static_cast<std::int64_t>(split.sequences.size()), "sequence", "sequences");
    if (split.without_patient > 0) text += fmt::format(", {} of unknown patients", split.without_patient);
    if (labelled && split.empty > 0) text += "; " + counted(split.empty, "shows no label", "show no label");
    text += "\n";
  }
  return text;
}

// One row for each label, one column for each split.
std::string labels_text(const std::vector<std::string>& labels, const std::vector<SplitStatistics>& splits, bool masks,
                        bool boxes) {
  constexpr std::size_t kLeast = 14;
  std::size_t first = 5;
  for (const std::string& label : labels) first = std::max(first, label.size());
  const auto cell = [&](const LabelCount& label) {
    std::string text = boxes ? fmt::format("{} in {}", label.boxes, label.records) : std::to_string(label.records);
    if (masks) text += fmt::format(" ({:.2f} %)", 100 * label.pixels);
    return text;
  };
  std::string text = boxes ? "labels: boxes in how many records" : "labels: records that show them";
  text += masks ? " (share of all pixels)\n" : "\n";
  text += fmt::format("  {:<{}}", "", first);
  for (const SplitStatistics& split : splits) text += fmt::format("  {:>{}}", split_name(split), kLeast);
  text += "\n";
  for (std::size_t i = 0; i < labels.size(); ++i) {
    text += fmt::format("  {:<{}}", labels[i], first);
    for (const SplitStatistics& split : splits) text += fmt::format("  {:>{}}", cell(split.labels[i]), kLeast);
    text += "\n";
  }
  return text;
}

std::string overlaps_text(const std::vector<SplitStatistics>& splits) {
  std::string text;
  for (const SplitStatistics& split : splits) {
    text += fmt::format("{} {}: {:.2f} % of the labelled pixels, in {:.0f} % of the records", text.empty() ? "" : ";",
                        split_name(split), percent(split.overlapping, split.labelled),
                        percent(split.overlapping_records, split.records));
  }
  return "pixels of two labels or more:" + text + "\n";
}

std::string box_sizes_text(const std::vector<SplitStatistics>& splits) {
  std::string text;
  for (const SplitStatistics& split : splits) {
    if (split.areas.empty()) continue;
    const std::int64_t small = split.boxes_below(kSmallArea), medium = split.boxes_below(kMediumArea) - small;
    text += fmt::format(
        "boxes of {}: {} small, {} medium, {} large (area below 32², below 96² px², above); side √area {:.0f}, {:.0f}, "
        "{:.0f} px (least, median, most)\n",
        split_name(split), small, medium, static_cast<std::int64_t>(split.areas.size()) - small - medium,
        std::sqrt(split.areas.front()), std::sqrt(split.areas[split.areas.size() / 2]), std::sqrt(split.areas.back()));
  }
  return text;
}

std::string leaks_text(const SplitLeaks& leaks) {
  std::string text;
  const auto list = [&](const std::vector<std::string>& names, const char* one, const char* many) {
    if (names.empty()) return;
    text += fmt::format("  {} in two splits: {}\n", counted(static_cast<std::int64_t>(names.size()), one, many),
                        list_text(names));
  };
  list(leaks.patients, "patient", "patients");
  list(leaks.sequences, "sequence", "sequences");
  append_groups(text, leaks.equal, "  equal pixels in two splits");
  append_groups(text, leaks.near, "  nearly alike in two splits");
  return text;
}

}  // namespace

std::string Inspection::to_text() const {
  std::string text = fmt::format("{}, {} readable\n", counted(records, "record", "records"), readable);
  text += splits_text(splits, !labels.empty());
  for (const SourceCount& source : sources) {
    if (!splits.empty() && sources.size() == 1) break;  // the splits say more
    text += fmt::format("source {}: {}, {}", source.source.empty() ? "(only one)" : source.source,
                        counted(source.records, "record", "records"),
                        counted(source.patients, "known patient", "known patients"));
    if (source.without_patient > 0) text += fmt::format(", {} of unknown patients", source.without_patient);
    text += "\n";
  }
  text += "size:";
  for (const auto& [size, count] : sizes) text += fmt::format(" {}×{} ({})", size.first, size.second, count);
  if (!modes.empty()) text += "\nchannels:";
  for (const auto& [mode, count] : modes) text += fmt::format(" {} ({})", mode, count);
  text += fmt::format("\ngrey: mean {:.1f}, standard deviation {:.1f}, percentiles 1/50/99: {}/{}/{}\n", grey_mean,
                      grey_deviation, grey_p01, grey_p50, grey_p99);
  for (const MapShare& map : maps) {
    text += fmt::format("map {}: marks {:.2f} % of the pixels (from {:.2f} to {:.2f} %), empty in {}\n", map.name,
                        100 * map.mean, 100 * map.least, 100 * map.most, counted(map.empty, "record", "records"));
  }
  if (!labels.empty()) text += labels_text(labels, splits, masks, boxes);
  if (masks && labels.size() > 1) text += overlaps_text(splits);
  if (boxes) text += box_sizes_text(splits);
  append_groups(text, duplicates, "equal pixels");
  append_groups(text, near, "nearly alike");
  if (leaks.any())
    text += "leaks between splits:\n" + leaks_text(leaks);
  else if (splits.size() > 1)
    text += "leaks between splits: none found\n";
  if (!notes.empty()) text += "notes:\n";
  for (const std::string& note : notes) text += fmt::format("  {}\n", note);
  if (!faults.empty())
    text += fmt::format("{}:\n", counted(static_cast<std::int64_t>(faults.size()), "fault", "faults"));
  for (const Fault& fault : faults) text += "  " + data::to_text(fault) + "\n";
  return text;
}

std::string to_text(const Fault& fault) {
  return fmt::format("{}: {}{}{}", fault.where, fault.what, fault.cure.empty() ? "" : "\n    ", fault.cure);
}

}  // namespace vaso::data
