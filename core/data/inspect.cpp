#include "data/inspect.hpp"

#include "data/image_name.hpp"
#include "data/near_frames.hpp"
#include "data/ordered.hpp"

#include "vision/colour_mode.hpp"
#include "vision/image_io.hpp"
#include "vision/planes.hpp"

#include "runs/store.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>
#include <variant>

namespace vaso::data {
namespace {

// What is kept of a record after its pixels are gone.
struct Summary {
  RecordId id;
  std::int64_t height = 0, width = 0;
  std::array<std::int64_t, 256> histogram{};
  std::map<std::string, double> marked;
  std::string digest;
  Sketch sketch;
  LabelSummary labels;
  std::optional<vision::ColourMode> mode;
};

Summary summarise(const Dataset& dataset, std::int64_t index) {
  const Record record = dataset.record(index);
  const vision::GreyImage image = vision::to_grey(record.image);
  Summary summary;
  summary.id = record.id;
  summary.height = image.height;
  summary.width = image.width;
  for (const std::uint8_t value : image.pixels) ++summary.histogram[value];
  for (const auto& [name, map] : record.maps) {
    const vision::GreyImage plane = vision::to_grey(map);
    if (plane.height != image.height || plane.width != image.width) {
      throw DataError(
          {image_name(record.id), "its map `" + name + "` has another size than its image", "make the map again"});
    }
    const auto above =
        std::count_if(plane.pixels.begin(), plane.pixels.end(), [](std::uint8_t value) { return value > 127; });
    summary.marked[name] = static_cast<double>(above) / static_cast<double>(plane.pixels.size());
  }
  const std::string_view bytes(reinterpret_cast<const char*>(image.pixels.data()), image.pixels.size());
  summary.digest = runs::sha256(bytes) + " " + std::to_string(image.width);
  summary.sketch = sketch(image);
  summary.labels = summarise_labels(dataset, record);
  if (!record.id.files.empty() && vision::has_image_extension(record.id.files.front()))
    summary.mode = vision::colour_mode(record.id.files.front());
  return summary;
}

std::variant<Summary, Fault> try_summarise(const Dataset& dataset, std::int64_t index) {
  try {
    return summarise(dataset, index);
  } catch (const DataError& error) {
    return error.fault();
  } catch (const std::exception& error) {
    return Fault{image_name(dataset.id(index)), error.what(), ""};
  }
}

void describe_grey(Inspection& result, const std::array<std::int64_t, 256>& histogram) {
  double pixels = 0, sum = 0, squares = 0;
  for (std::size_t value = 0; value < 256; ++value) {
    const auto n = static_cast<double>(histogram[value]);
    pixels += n;
    sum += n * static_cast<double>(value);
    squares += n * static_cast<double>(value * value);
  }
  if (pixels == 0) return;
  result.grey_mean = sum / pixels;
  result.grey_deviation = std::sqrt(std::max(0.0, squares / pixels - result.grey_mean * result.grey_mean));
  const auto percentile = [&](double share) {
    double seen = 0;
    int value = 0;
    while (value < 255 && (seen += static_cast<double>(histogram[static_cast<std::size_t>(value)])) < share * pixels)
      ++value;
    return value;
  };
  result.grey_p01 = percentile(0.01);
  result.grey_p50 = percentile(0.50);
  result.grey_p99 = percentile(0.99);
}

void describe_sources(Inspection& result, const std::vector<Summary>& summaries) {
  std::map<std::string, SourceCount> counts;
  std::map<std::string, std::set<std::string>> patients;
  for (const Summary& summary : summaries) {
    SourceCount& count = counts[summary.id.source];
    ++count.records;
    if (summary.id.patient.empty())
      ++count.without_patient;
    else
      patients[summary.id.source].insert(summary.id.patient);
  }
  for (auto& [source, count] : counts) {
    count.source = source;
    count.patients = static_cast<std::int64_t>(patients[source].size());
    result.sources.push_back(count);
  }
}

void describe_maps(Inspection& result, const std::vector<Summary>& summaries) {
  std::map<std::string, std::vector<double>> shares;
  for (const Summary& summary : summaries) {
    for (const auto& [name, share] : summary.marked) shares[name].push_back(share);
  }
  for (const auto& [name, values] : shares) {
    MapShare share{name, 0, 1, 0, 0};
    for (const double value : values) {
      share.mean += value / static_cast<double>(values.size());
      share.least = std::min(share.least, value);
      share.most = std::max(share.most, value);
      share.empty += value == 0;
    }
    result.maps.push_back(share);
  }
}

std::vector<std::vector<std::string>> named(const std::vector<std::vector<std::int64_t>>& groups,
                                            const std::vector<RecordId>& ids) {
  std::vector<std::vector<std::string>> names;
  for (const std::vector<std::int64_t>& group : groups) {
    names.emplace_back();
    for (const std::int64_t i : group) names.back().push_back(image_name(ids[static_cast<std::size_t>(i)]));
  }
  return names;
}

// Frames that are equal or look alike, and which of them are in different splits.
void find_twins(Inspection& result, const std::vector<Summary>& summaries) {
  std::map<std::string, std::vector<std::int64_t>> by_digest;
  std::vector<Sketch> sketches;
  std::vector<RecordId> ids;
  for (const Summary& summary : summaries) {
    by_digest[summary.digest].push_back(static_cast<std::int64_t>(ids.size()));
    sketches.push_back(summary.sketch);
    ids.push_back(summary.id);
  }
  std::vector<std::vector<std::int64_t>> equal;
  for (auto& [digest, group] : by_digest) {
    if (group.size() > 1) equal.push_back(std::move(group));
  }
  std::sort(equal.begin(), equal.end());
  const std::vector<std::vector<std::int64_t>> near = near_groups(sketches);
  result.duplicates = named(equal, ids);
  result.near = named(near, ids);
  result.leaks = find_split_leaks(ids, equal, near);
}

void describe_splits(Inspection& result, const std::vector<Summary>& summaries) {
  std::vector<std::pair<RecordId, LabelSummary>> records;
  bool divided = false;
  for (const Summary& summary : summaries) {
    records.emplace_back(summary.id, summary.labels);
    divided = divided || !summary.id.split.empty();
    if (summary.mode) ++result.modes[vision::to_text(*summary.mode)];
  }
  if (divided || !result.labels.empty()) result.splits = split_statistics(records, result.labels.size());
}

}  // namespace

Inspection inspect(const Dataset& dataset, std::int64_t limit, int threads,
                   const std::function<void(std::int64_t done, std::int64_t total)>& progress) {
  Inspection result;
  result.records = limit > 0 ? std::min(limit, dataset.size()) : dataset.size();
  result.faults = dataset.faults();
  result.notes = dataset.notes();
  result.labels = dataset.labels();
  result.masks = dataset.has_masks();
  result.boxes = dataset.has_boxes();
  std::vector<Summary> summaries;
  std::array<std::int64_t, 256> histogram{};
  for_each_in_order(
      result.records, threads, [&](std::int64_t i) { return try_summarise(dataset, i); },
      [&](std::int64_t i, std::variant<Summary, Fault>&& outcome) {
        if (auto* fault = std::get_if<Fault>(&outcome)) {
          result.faults.push_back(std::move(*fault));
        } else {
          Summary& summary = std::get<Summary>(outcome);
          ++result.readable;
          ++result.sizes[{summary.width, summary.height}];
          for (std::size_t value = 0; value < 256; ++value) histogram[value] += summary.histogram[value];
          summary.histogram = {};
          summaries.push_back(std::move(summary));
        }
        if (progress) progress(i + 1, result.records);
      });
  describe_grey(result, histogram);
  describe_sources(result, summaries);
  describe_maps(result, summaries);
  describe_splits(result, summaries);
  find_twins(result, summaries);
  return result;
}

}  // namespace vaso::data
