#include "report/table.hpp"

#include <fmt/format.h>

#include <map>

namespace vaso::report {

std::vector<std::string> convention_notes(const runs::Store& store, const std::vector<std::int64_t>& runs,
                                          const std::vector<std::string>& metrics) {
  std::map<std::string, std::map<std::string, std::vector<std::int64_t>>> ways;  // metric, text: runs
  for (const std::int64_t run : runs) {
    for (const auto& [metric, text] : store.conventions(run)) ways[metric][text].push_back(run);
  }
  std::vector<std::string> notes;
  for (const std::string& name : metrics) {
    const auto found = ways.find(name.substr(name.find(':') + 1));  // all of it where there is no colon
    if (found == ways.end()) continue;
    if (found->second.size() == 1) {
      notes.push_back(fmt::format("{}: {}", found->first, found->second.begin()->first));
      continue;
    }
    std::string all;
    for (const auto& [text, ids] : found->second) {
      all += fmt::format("{}\"{}\" (runs {})", all.empty() ? "" : ", ", text, fmt::join(ids, ", "));
    }
    notes.push_back(
        fmt::format("{} was computed in different ways, so its rows cannot be compared: {}", found->first, all));
  }
  return notes;
}

}  // namespace vaso::report
