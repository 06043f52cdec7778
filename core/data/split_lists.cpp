#include "data/split_lists.hpp"

#include <fmt/format.h>

#include <fstream>

namespace vaso::data {

SplitLists::SplitLists(const std::string& train, const std::string& val, const std::string& test)
    : any_(!train.empty() || !val.empty() || !test.empty()), trains_(!train.empty()) {
  read(train, "train");
  read(val, "val");
  read(test, "test");
}

void SplitLists::read(const std::string& file, const std::string& split) {
  if (file.empty()) return;
  std::ifstream in(file);
  if (!in) throw DataError({file, "cannot be opened", "check the path and who may read it"});
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    line.erase(std::min(line.find('#'), line.size()));
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string::npos) continue;
    const std::string name = line.substr(first, line.find_last_not_of(" \t\r") + 1 - first);
    const std::string place = fmt::format("{}:{}", file, number);
    const auto [known, fresh] = lines_.emplace(name, Line{split, place});
    if (!fresh && known->second.split != split) {
      throw DataError(
          {place, fmt::format("lists `{}`, and so does {}", name, known->second.place), "remove it from one of them"});
    }
  }
}

std::string SplitLists::split_of(const std::vector<std::string>& names) {
  std::string split;
  for (const std::string& name : names) {
    const auto line = lines_.find(name);
    if (line == lines_.end()) continue;
    line->second.used = true;
    if (split.empty()) split = line->second.split;
  }
  if (!split.empty()) return split;
  return trains_ ? "" : "train";
}

std::vector<Fault> SplitLists::unused() const {
  std::vector<Fault> faults;
  for (const auto& [name, line] : lines_) {
    if (!line.used)
      faults.push_back({line.place, "lists `" + name + "`, but there is no such record", "correct or remove the line"});
  }
  return faults;
}

}  // namespace vaso::data
