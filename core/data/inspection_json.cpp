#include "data/inspect.hpp"

#include <nlohmann/json.hpp>

namespace vaso::data {
namespace {

using Json = nlohmann::json;

Json to_json(const SplitStatistics& split, const std::vector<std::string>& labels) {
  Json json{{"split", split.split},
            {"records", split.records},
            {"patients", split.patients.size()},
            {"sequences", split.sequences.size()},
            {"without_patient", split.without_patient},
            {"empty", split.empty},
            {"pixels", split.pixels},
            {"labelled_pixels", split.labelled},
            {"overlapping_pixels", split.overlapping},
            {"overlapping_records", split.overlapping_records},
            {"small_boxes", split.boxes_below(kSmallArea)},
            {"medium_boxes", split.boxes_below(kMediumArea) - split.boxes_below(kSmallArea)},
            {"boxes", split.areas.size()},
            {"labels", Json::array()}};
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const LabelCount& label = split.labels[i];
    json["labels"].push_back(
        {{"label", labels[i]}, {"records", label.records}, {"boxes", label.boxes}, {"pixels", label.pixels}});
  }
  return json;
}

}  // namespace

std::string Inspection::to_json() const {
  Json json{
      {"records", records},
      {"readable", readable},
      {"grey",
       {{"mean", grey_mean}, {"deviation", grey_deviation}, {"p01", grey_p01}, {"p50", grey_p50}, {"p99", grey_p99}}},
      {"duplicates", duplicates},
      {"near", near},
      {"notes", notes},
      {"modes", modes},
      {"leaks",
       {{"patients", leaks.patients}, {"sequences", leaks.sequences}, {"equal", leaks.equal}, {"near", leaks.near}}}};
  json["sizes"] = json["sources"] = json["maps"] = json["faults"] = json["splits"] = Json::array();
  for (const auto& [size, count] : sizes)
    json["sizes"].push_back({{"width", size.first}, {"height", size.second}, {"records", count}});
  for (const SourceCount& s : sources) {
    json["sources"].push_back({{"source", s.source},
                               {"records", s.records},
                               {"patients", s.patients},
                               {"without_patient", s.without_patient}});
  }
  for (const MapShare& m : maps) {
    json["maps"].push_back(
        {{"name", m.name}, {"mean", m.mean}, {"least", m.least}, {"most", m.most}, {"empty", m.empty}});
  }
  for (const SplitStatistics& split : splits) json["splits"].push_back(data::to_json(split, labels));
  for (const Fault& f : faults) json["faults"].push_back({{"where", f.where}, {"what", f.what}, {"cure", f.cure}});
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace vaso::data
