#include "report/html/study_runs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace vaso::report {

StudyRuns::StudyRuns(const runs::Store& store, const runs::StudyRecord& study) : study_(study) {
  const std::map<std::string, std::int64_t> standing = store.standing_for_identity();
  std::set<std::string> identities;
  for (const runs::StudyRun& wanted : study.runs) {
    identities.insert(wanted.identity);
    const Part part{wanted.phase, wanted.task};
    const auto known = std::find(parts_.begin(), parts_.end(), part);
    const auto index = static_cast<std::size_t>(known - parts_.begin());
    if (known == parts_.end()) parts_.push_back(part);
    const auto found = standing.find(wanted.identity);
    const std::int64_t id = found == standing.end() ? 0 : found->second;
    ids_[{wanted.cell, wanted.seed, index}] = id;
    if (id == 0 || runs_.contains(id)) continue;
    if (auto run = store.get(id)) runs_.emplace(id, std::move(*run));
  }
  wanted_ = identities.size();
}

const runs::Run* StudyRuns::find(std::size_t cell, std::int64_t seed, const Part& part) const {
  const auto index = static_cast<std::size_t>(std::find(parts_.begin(), parts_.end(), part) - parts_.begin());
  const auto id = ids_.find({cell, seed, index});
  if (id == ids_.end()) return nullptr;
  const auto run = runs_.find(id->second);
  return run == runs_.end() ? nullptr : &run->second;
}

bool StudyRuns::wants(std::size_t cell, std::int64_t seed, const Part& part) const {
  const auto index = static_cast<std::size_t>(std::find(parts_.begin(), parts_.end(), part) - parts_.begin());
  return ids_.contains({cell, seed, index});
}

std::vector<const runs::Run*> StudyRuns::started(std::size_t cell, const Part& part) const {
  std::vector<const runs::Run*> runs;
  for (const std::int64_t seed : study_.seeds) {
    if (const runs::Run* run = find(cell, seed, part)) runs.push_back(run);
  }
  return runs;
}

std::vector<SharedCells> shared_cells(const StudyRuns& runs, const Part& part) {
  std::vector<SharedCells> groups;
  for (std::size_t cell = 0; cell < runs.study().cells.size(); ++cell) {
    std::vector<const runs::Run*> started = runs.started(cell, part);
    if (started.empty()) continue;
    const auto same =
        std::find_if(groups.begin(), groups.end(), [&](const SharedCells& g) { return g.runs == started; });
    if (same != groups.end()) {
      same->cells.push_back(cell);
    } else {
      groups.push_back({"", cell, {cell}, std::move(started)});
    }
  }
  for (SharedCells& group : groups) {
    if (group.cells.size() > 1 && group.cells.size() == runs.study().cells.size()) {
      group.name = "all cells";
    } else {
      for (const std::size_t cell : group.cells) {
        group.name += (group.name.empty() ? "" : " = ") + cell_name(runs.study(), cell);
      }
    }
  }
  return groups;
}

std::string cell_name(const runs::StudyRecord& study, std::size_t cell) {
  const runs::StudyCell& named = study.cells[cell];
  if (!named.levels.empty()) return fmt::format("{}", fmt::join(named.levels, ", "));
  return named.name.empty() ? study.name : named.name;
}

}  // namespace vaso::report
