#include "runs/merge_studies.hpp"

#include "runs/store_impl.hpp"

#include <algorithm>
#include <tuple>

namespace vaso::runs {
namespace {

// What a run of a study is for.
using Place = std::tuple<std::size_t, std::int64_t, std::string, std::string>;

Place place_of(const StudyRun& run) { return {run.cell, run.seed, run.phase, run.task}; }

bool same_layout(const StudyRecord& a, const StudyRecord& b) {
  const auto same_cell = [](const StudyCell& x, const StudyCell& y) {
    return x.name == y.name && x.levels == y.levels && x.baseline == y.baseline;
  };
  const auto same_level = [](const StudyLevel& x, const StudyLevel& y) {
    return x.name == y.name && x.settings == y.settings;
  };
  const auto same_factor = [&](const StudyFactor& x, const StudyFactor& y) {
    return x.name == y.name &&
           std::equal(x.levels.begin(), x.levels.end(), y.levels.begin(), y.levels.end(), same_level);
  };
  return a.design == b.design &&
         std::equal(a.cells.begin(), a.cells.end(), b.cells.begin(), b.cells.end(), same_cell) &&
         std::equal(a.factors.begin(), a.factors.end(), b.factors.begin(), b.factors.end(), same_factor);
}

std::map<Place, std::string> identities_of(const StudyRecord& study) {
  std::map<Place, std::string> identities;
  for (const StudyRun& run : study.runs) identities.emplace(place_of(run), run.identity);
  return identities;
}

bool same_study(const StudyRecord& a, const StudyRecord& b) {
  return same_layout(a, b) && a.question == b.question && a.file == b.file && a.config_toml == b.config_toml &&
         a.created == b.created && a.seeds == b.seeds && identities_of(a) == identities_of(b);
}

}  // namespace

StudyRecord united(const StudyRecord& ours, const StudyRecord& theirs) {
  const bool ours_is_newer = ours.created >= theirs.created;
  StudyRecord newer = ours_is_newer ? ours : theirs;
  const StudyRecord& older = ours_is_newer ? theirs : ours;
  if (!same_layout(newer, older)) return newer;
  const auto identities = identities_of(newer);
  const bool disagree = std::any_of(older.runs.begin(), older.runs.end(), [&](const StudyRun& run) {
    const auto found = identities.find(place_of(run));
    return found != identities.end() && found->second != run.identity;
  });
  if (disagree) return newer;
  for (const StudyRun& run : older.runs) {
    if (!identities.contains(place_of(run))) newer.runs.push_back(run);
  }
  for (const std::int64_t seed : older.seeds) {
    if (std::find(newer.seeds.begin(), newer.seeds.end(), seed) == newer.seeds.end()) newer.seeds.push_back(seed);
  }
  return newer;
}

void merge_studies(Connection& theirs, Connection& ours, MergeReport& report) {
  for (const std::string& name : read_study_names(theirs)) {
    const StudyRecord their_study = read_study(theirs, name).value();
    const std::optional<StudyRecord> our_study = read_study(ours, name);
    if (!our_study) {
      insert_study(ours, their_study);
      report.studies_added.push_back(name);
      continue;
    }
    const StudyRecord both = united(*our_study, their_study);
    if (same_study(both, *our_study)) continue;
    insert_study(ours, both);
    report.studies_updated.push_back(name);
  }
}

}  // namespace vaso::runs
