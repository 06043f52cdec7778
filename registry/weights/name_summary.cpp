#include "weights/name_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>

namespace vaso::weights {
namespace {

struct Split {
  std::string before, after;
  std::int64_t number = -1;  // -1: there is none
};

// At the first whole part between dots that is a number.
Split split(const std::string& name) {
  for (std::size_t begin = 0; begin < name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    std::int64_t number = 0;
    const auto [stop, error] = std::from_chars(name.data() + begin, name.data() + end, number);
    if (error == std::errc() && stop == name.data() + end && number >= 0)
      return {name.substr(0, begin), name.substr(end), number};
    begin = end + 1;
  }
  return {name, "", -1};
}

}  // namespace

std::vector<NameGroup> summarise(const std::vector<std::string>& names) {
  struct Range {
    Split first;
    std::int64_t last, count;
  };
  std::vector<Range> ranges;
  std::unordered_map<std::string, std::size_t> places;
  for (const std::string& name : names) {
    Split parts = split(name);
    const std::int64_t number = parts.number;
    std::string pattern = parts.before;
    pattern.append(number < 0 ? "" : "#").append(parts.after);
    const auto [place, added] = places.emplace(std::move(pattern), ranges.size());
    if (added) {
      ranges.push_back({std::move(parts), number, 1});
      continue;
    }
    Range& range = ranges[place->second];
    range.first.number = std::min(range.first.number, number);
    range.last = std::max(range.last, number);
    ++range.count;
  }
  std::vector<NameGroup> groups;
  for (const Range& range : ranges) {
    const auto& [before, after, first] = range.first;
    groups.push_back({first < 0             ? before
                      : first == range.last ? fmt::format("{}{}{}", before, first, after)
                                            : fmt::format("{}{}–{}{}", before, first, range.last, after),
                      range.count});
  }
  return groups;
}

}  // namespace vaso::weights
