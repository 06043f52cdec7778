#include "data/inspect.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vaso::data {
namespace {

std::string counted(std::int64_t n, const char* one, const char* many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

// "a = b = c"; long groups are cut.
std::string group_text(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kShown) text += fmt::format(" and {} more", names.size() - kShown);
  return text;
}

void append_groups(std::string& text, const std::vector<std::vector<std::string>>& groups, const char* what) {
  if (groups.empty()) return;
  constexpr std::size_t kShown = 10;
  std::size_t records = 0;
  for (const auto& group : groups) records += group.size();
  text += fmt::format("{}: {} records in {}\n", what, records,
                      counted(static_cast<std::int64_t>(groups.size()), "group", "groups"));
  for (std::size_t i = 0; i < std::min(groups.size(), kShown); ++i) text += "  " + group_text(groups[i]) + "\n";
  if (groups.size() > kShown)
    text +=
        fmt::format("  and {} more\n", counted(static_cast<std::int64_t>(groups.size() - kShown), "group", "groups"));
}

}  // namespace

std::string Inspection::to_text() const {
  const auto good = records - static_cast<std::int64_t>(faults.size());
  std::string text = fmt::format("{}, {} readable\n", counted(records, "record", "records"), good);
  for (const SourceCount& source : sources) {
    text += fmt::format("source {}: {}, {}", source.source.empty() ? "(only one)" : source.source,
                        counted(source.records, "record", "records"),
                        counted(source.patients, "known patient", "known patients"));
    if (source.without_patient > 0) text += fmt::format(", {} of unknown patients", source.without_patient);
    text += "\n";
  }
  text += "size:";
  for (const auto& [size, count] : sizes) text += fmt::format(" {}×{} ({})", size.first, size.second, count);
  text += fmt::format("\ngrey: mean {:.1f}, standard deviation {:.1f}, percentiles 1/50/99: {}/{}/{}\n", grey_mean,
                      grey_deviation, grey_p01, grey_p50, grey_p99);
  for (const MapShare& map : maps) {
    text += fmt::format("map {}: marks {:.2f} % of the pixels (from {:.2f} to {:.2f} %), empty in {}\n", map.name,
                        100 * map.mean, 100 * map.least, 100 * map.most, counted(map.empty, "record", "records"));
  }
  append_groups(text, duplicates, "equal pixels");
  append_groups(text, near, "nearly alike");
  if (!faults.empty())
    text += fmt::format("{}:\n", counted(static_cast<std::int64_t>(faults.size()), "fault", "faults"));
  for (const Fault& fault : faults) {
    text += fmt::format("  {}: {}\n", fault.where, fault.what);
    if (!fault.cure.empty()) text += fmt::format("    {}\n", fault.cure);
  }
  return text;
}

std::string Inspection::to_json() const {
  nlohmann::json json{
      {"records", records},
      {"grey",
       {{"mean", grey_mean}, {"deviation", grey_deviation}, {"p01", grey_p01}, {"p50", grey_p50}, {"p99", grey_p99}}},
      {"duplicates", duplicates},
      {"near", near}};
  json["sizes"] = json["sources"] = json["maps"] = json["faults"] = nlohmann::json::array();
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
  for (const Fault& f : faults) json["faults"].push_back({{"where", f.where}, {"what", f.what}, {"cure", f.cure}});
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace vaso::data
