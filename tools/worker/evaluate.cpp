// Scores of files that anybody's method made: masks in folders, boxes in COCO's formats.
#include "verbs.hpp"

#include "annotations/coco_json.hpp"
#include "exit_codes.hpp"
#include "metrics/box_scores.hpp"
#include "metrics/mask_files.hpp"
#include "metrics/mask_scores.hpp"
#include "train/atomic_file.hpp"
#include "train/reporter.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

namespace vaso::worker {
namespace {

namespace fs = std::filesystem;

// Says them all; true where there are any.
bool told(const std::vector<Fault>& faults, const EventSink& events) {
  for (const Fault& fault : faults) {
    events.fault(fmt::format("{}: {}\n  {}", fault.where, fault.what, fault.cure), exit_run_failed);
  }
  return !faults.empty();
}

// "25" are the labels 1 … 25, "" is one label, anything else names with commas between.
std::vector<std::string> labels_of(const std::string& text) {
  if (text.empty()) return {"inside"};
  std::vector<std::string> labels;
  if (text.find_first_not_of("0123456789") == text.npos) {
    const int count = text.size() < 4 ? std::stoi(text) : 0;
    if (count < 1 || count > 255)
      throw std::invalid_argument("--labels: a map of labels has 1 to 255 of them, not " + text);
    for (int label = 1; label <= count; ++label) labels.push_back(std::to_string(label));
    return labels;
  }
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    labels.push_back(text.substr(at, end - at));
    if (labels.back().empty()) throw std::invalid_argument("--labels: there is an empty name in `" + text + "`");
    at = end + 1;
  }
  if (labels.size() > 255) throw std::invalid_argument("--labels: a map of labels has at most 255 of them");
  return labels;
}

std::string formatted(const metrics::Report& report, const std::string& format, const std::string& heading) {
  if (format == "json") return report.to_json();
  if (format == "csv") return report.to_csv();
  if (format == "md") return report.to_markdown();
  return heading + "\n\n" + report.to_text();
}

int answer(const metrics::Report& report, const std::string& heading, const Options& options, const EventSink& events) {
  if (!options.out.empty()) {
    const std::string table = report.per_image_csv();
    train::AtomicFile file(options.out, table.size());
    file.write(table.data(), table.size());
    file.commit();
    events.note(fmt::format("{}: a row an image", options.out.string()));
  }
  events.result(nlohmann::json{{"text", formatted(report, options.format, heading)}}.dump());
  return exit_ok;
}

void check_arguments(const Options& options) {
  if (options.arguments.size() != 2) throw std::invalid_argument(options.verb + " wants a truth and a prediction");
  static const std::vector<std::string> formats = {"text", "json", "md", "csv"};
  if (std::find(formats.begin(), formats.end(), options.format) == formats.end()) {
    throw std::invalid_argument("--format is text, json, md or csv, not `" + options.format + "`");
  }
}

void stop_if_asked() {
  if (stop_requested()) throw train::Interrupted("stopped; nothing is written");
}

// Positions of the categories that boxes have; the others would be rows without a number.
std::map<std::int64_t, std::int64_t> used_categories(const annotations::CocoFile& truth,
                                                     const annotations::CocoDetections& found,
                                                     std::vector<std::string>& names) {
  std::set<std::int64_t> used;
  for (const auto& box : truth.annotations) used.insert(box.category_id);
  for (const auto& box : found.detections) used.insert(box.category_id);
  std::map<std::int64_t, std::int64_t> positions;
  for (const auto& category : truth.categories) {
    if (!used.contains(category.id)) continue;
    positions.emplace(category.id, static_cast<std::int64_t>(names.size()));
    names.push_back(category.name);
  }
  return positions;
}

// Detections of an image or category that the truth does not have. cocoeval passes over such a category silently, and
// the AP is 0.
std::vector<Fault> strangers(const annotations::CocoFile& truth, const annotations::CocoDetections& found) {
  std::set<std::int64_t> images, categories;
  std::string known;
  for (const auto& image : truth.images) images.insert(image.id);
  for (const auto& category : truth.categories) {
    categories.insert(category.id);
    known += fmt::format("{}{} {}", known.empty() ? "" : ", ", category.id, category.name);
  }
  std::map<std::int64_t, std::int64_t> unknown_images, unknown_categories;
  for (const auto& box : found.detections) {
    if (!images.contains(box.image_id)) ++unknown_images[box.image_id];
    if (!categories.contains(box.category_id)) ++unknown_categories[box.category_id];
  }
  std::vector<Fault> faults;
  for (const auto& [id, count] : unknown_images) {
    faults.push_back(
        {found.path,
         fmt::format("has {} of its detections in image {}, which {} does not have", count, id, truth.path.string()),
         "give the truth that was predicted from; image_id is `id` of its `images`, not a file's number"});
  }
  for (const auto& [id, count] : unknown_categories) {
    faults.push_back(
        {found.path,
         fmt::format("has {} of its detections in category {}, which {} does not have", count, id, truth.path.string()),
         "category_id is one of: " + known + " (some tools count from 0)"});
  }
  return faults;
}

}  // namespace

int evaluate_masks(const Options& options, const EventSink& events) {
  check_arguments(options);
  const std::vector<std::string> labels = labels_of(options.labels);
  metrics::MaskScores scores(labels, {.surface = !options.no_distances});
  std::vector<Fault> faults;
  const auto pairs = metrics::pair_mask_files(options.arguments[0], options.arguments[1], faults);
  if (told(faults, events)) return exit_run_failed;

  events.stage(fmt::format("scoring {} masks", pairs.size()));
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    stop_if_asked();
    try {
      const auto truth = metrics::read_label_masks(pairs[i].truth, labels.size());
      const auto prediction = metrics::read_label_masks(pairs[i].prediction, labels.size());
      if (truth[0].height != prediction[0].height || truth[0].width != prediction[0].width) {
        throw DataError({pairs[i].prediction,
                         fmt::format("is {}×{}, its truth {} is {}×{}", prediction[0].width, prediction[0].height,
                                     pairs[i].truth.string(), truth[0].width, truth[0].height),
                         "bring the prediction to the truth's size, with nearest neighbours; never the truth"});
      }
      if (faults.empty()) scores.add(pairs[i].name, truth, prediction);
    } catch (const DataError& error) {
      faults.push_back(error.fault());
    }
    events.progress(static_cast<std::int64_t>(i + 1), static_cast<std::int64_t>(pairs.size()), "masks");
  }
  if (told(faults, events)) return exit_run_failed;
  const std::string what = labels.size() == 1 ? "" : fmt::format(", {} labels", labels.size());
  return answer(scores.report(), fmt::format("{} image{}{}", pairs.size(), pairs.size() == 1 ? "" : "s", what), options,
                events);
}

int evaluate_boxes(const Options& options, const EventSink& events) {
  check_arguments(options);
  auto truth = annotations::read_coco(options.arguments[0], annotations::Outlines::ignore);
  const auto found = annotations::read_coco_detections(options.arguments[1]);
  std::vector<Fault> faults = truth.faults;
  faults.insert(faults.end(), found.faults.begin(), found.faults.end());
  if (faults.empty()) faults = strangers(truth, found);
  if (told(faults, events)) return exit_run_failed;
  for (const std::string& note : truth.notes) events.note(note);

  std::vector<std::string> names;
  const auto positions = used_categories(truth, found, names);
  if (names.empty()) {
    told({{truth.path, "neither it nor the detections hold a box", "give files with boxes"}}, events);
    return exit_run_failed;
  }
  std::map<std::int64_t, std::vector<metrics::TruthBox>> truths;
  for (const auto& each : truth.annotations) {
    truths[each.image_id].push_back({each.image_id, positions.at(each.category_id), each.box.left, each.box.top,
                                     each.box.width, each.box.height, each.area, each.crowd});
  }
  std::map<std::int64_t, std::vector<metrics::FoundBox>> founds;
  for (const auto& each : found.detections) {
    founds[each.image_id].push_back({each.image_id, positions.at(each.category_id), each.box.left, each.box.top,
                                     each.box.width, each.box.height, each.score});
  }
  // By id, as cocoeval does: it decides between equal scores.
  std::sort(truth.images.begin(), truth.images.end(),
            [](const auto& left, const auto& right) { return left.id < right.id; });
  metrics::BoxScores scores(names);
  for (const auto& image : truth.images) {
    stop_if_asked();
    scores.add(image.file_name, truths[image.id], founds[image.id]);
  }
  return answer(scores.report(),
                fmt::format("{} images, {} boxes, {} detections", truth.images.size(), truth.annotations.size(),
                            found.detections.size()),
                options, events);
}

}  // namespace vaso::worker
