#include "data/split_leaks.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

namespace vaso::data {
namespace {

using Counts = std::map<std::string, std::map<std::string, std::int64_t>>;  // name, split: records

std::vector<std::string> in_several(const Counts& counts) {
  std::vector<std::string> found;
  for (const auto& [name, splits] : counts) {
    if (splits.size() < 2) continue;
    std::string text;
    for (const auto& [split, records] : splits)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", split, records);
    found.push_back(fmt::format("{} ({})", name, text));
  }
  return found;
}

std::vector<std::vector<std::string>> across(const std::vector<RecordId>& ids,
                                             const std::vector<std::vector<std::int64_t>>& groups) {
  std::vector<std::vector<std::string>> found;
  for (const std::vector<std::int64_t>& group : groups) {
    std::set<std::string> splits;
    std::vector<std::string> names;
    for (const std::int64_t index : group) {
      const RecordId& id = ids[static_cast<std::size_t>(index)];
      if (id.split.empty()) continue;
      splits.insert(id.split);
      names.push_back(fmt::format("{} ({})", id.name, id.split));
    }
    if (splits.size() > 1) found.push_back(std::move(names));
  }
  return found;
}

}  // namespace

SplitLeaks find_split_leaks(const std::vector<RecordId>& ids, const std::vector<std::vector<std::int64_t>>& equal,
                            const std::vector<std::vector<std::int64_t>>& near) {
  Counts patients, sequences;
  for (const RecordId& id : ids) {
    if (id.split.empty() || id.patient.empty()) continue;
    ++patients[id.patient][id.split];
    if (!id.sequence.empty()) ++sequences[id.patient + "/" + id.sequence][id.split];
  }
  return {in_several(patients), in_several(sequences), across(ids, equal), across(ids, near)};
}

}  // namespace vaso::data
