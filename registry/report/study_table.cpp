#include "report/conventions.hpp"
#include "report/known_series.hpp"
#include "report/metric_choice.hpp"
#include "report/plugin_checks.hpp"
#include "report/study_settings.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <set>

namespace vaso::report {
namespace {

using runs::Run;
using runs::Status;
using runs::StudyRecord;
using runs::StudyRun;
using Values = std::map<std::int64_t, double>;

constexpr std::array<const char*, 3> phases_from_last = {"finetune", "pretrain", "segmentor"};

// The runs that stand for what a study asks for.
class Standing {
 public:
  Standing(const runs::Store& store, const StudyRecord& study) {
    const auto by_identity = store.standing_for_identity();
    for (Run& run : store.all()) all_.emplace(run.id, std::move(run));
    for (const StudyRun& wanted : study.runs) {
      const auto id = by_identity.find(wanted.identity);
      runs_.push_back(id == by_identity.end() ? nullptr : &all_.at(id->second));
    }
  }

  // Of StudyRecord::runs[index]; null where there has been none.
  const Run* run(std::size_t index) const { return runs_[index]; }
  const Run* finished(std::size_t index) const {
    return runs_[index] != nullptr && runs_[index]->status == Status::finished ? runs_[index] : nullptr;
  }

 private:
  std::map<std::int64_t, Run> all_;
  std::vector<const Run*> runs_;
};

struct Place {
  std::string phase, task;
  bool operator==(const Place&) const = default;
};

// Phases, and tasks of fine-tuning, in the order of the study.
std::vector<Place> places_of(const StudyRecord& study) {
  std::vector<Place> places;
  for (const StudyRun& run : study.runs) {
    const Place place{run.phase, run.task};
    if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
  }
  return places;
}

std::string last_phase(const std::vector<Place>& places) {
  for (const char* phase : phases_from_last) {
    for (const Place& place : places) {
      if (place.phase == phase) return phase;
    }
  }
  return "";
}

class ColumnMaker {
 public:
  ColumnMaker(const runs::Store& store, const StudyRecord& study, const Standing& standing,
              const StudyTableRequest& request)
      : store_(store), study_(study), standing_(standing), places_(places_of(study)), request_(request) {
    refuse_unknown_phase();
    for (const std::string& text : request.metrics) asked(parse_metric(text));
    if (request.metrics.empty()) usual();
  }

  std::vector<Column> columns;
  std::vector<Values> values;  // parallel

 private:
  void refuse_unknown_phase() const {
    std::vector<std::string> phases;
    for (const Place& place : places_) phases.push_back(place.phase);
    if (!request_.phase.empty() && std::find(phases.begin(), phases.end(), request_.phase) == phases.end()) {
      refuse_unknown(fmt::format("the study {} has no phase", study_.name), request_.phase, phases);
    }
  }

  bool logged(const Place& place, const Values& of_metric) const {
    for (std::size_t i = 0; i < study_.runs.size(); ++i) {
      if (study_.runs[i].phase != place.phase || study_.runs[i].task != place.task) continue;
      const Run* run = standing_.finished(i);
      if (run != nullptr && of_metric.contains(run->id)) return true;
    }
    return false;
  }

  void add(const Place& place, const MetricChoice& metric, const Values& of_metric) {
    columns.push_back(
        {place.phase, place.task, metric.text, column_title(metric, place.task), better_direction(metric.series)});
    values.push_back(of_metric);
  }

  // Those that the metric may be of: by its own words, by the request.
  std::vector<Place> candidates(const MetricChoice& metric) const {
    std::vector<Place> candidates;
    std::vector<std::string> names;
    for (const Place& place : places_) {
      names.insert(names.end(), {place.phase, place.task});
      const bool named = metric.place.empty() || metric.place == place.task || metric.place == place.phase;
      const bool wanted = request_.phase.empty() || request_.phase == place.phase;
      if (named && wanted) candidates.push_back(place);
    }
    std::erase(names, "");
    if (candidates.empty()) refuse_unknown(fmt::format("the study {} has no task", study_.name), metric.place, names);
    return candidates;
  }

  void asked(const MetricChoice& metric) {
    const Values of_metric = read(store_, metric);
    const std::vector<Place> open = candidates(metric);
    std::vector<Place> with;
    std::copy_if(open.begin(), open.end(), std::back_inserter(with),
                 [&](const Place& place) { return logged(place, of_metric); });
    if (with.empty()) {
      refuse_unknown_metric(metric);
      with = open;  // nothing has finished yet
    }
    const std::string phase = last_phase(with);
    for (const Place& place : with) {
      if (place.phase == phase) add(place, metric, of_metric);
    }
  }

  void refuse_unknown_metric(const MetricChoice& metric) const {
    std::set<std::string> known;
    std::set<std::int64_t> seen;
    for (std::size_t i = 0; i < study_.runs.size(); ++i) {
      const Run* run = standing_.finished(i);
      if (run == nullptr || !seen.insert(run->id).second) continue;
      for (const std::string& series : store_.series(run->id)) known.insert(series);
    }
    if (known.empty()) return;
    const std::string whose = metric.place.empty() ? "" : fmt::format(" in {}", metric.place);
    refuse_unknown(fmt::format("no finished run of the study {}{} logged", study_.name, whose), metric.series,
                   {known.begin(), known.end()});
  }

  void usual() {
    const std::string phase = request_.phase.empty() ? last_phase(places_) : request_.phase;
    const std::vector<std::string>& names = usual_metrics(phase);
    std::vector<MetricChoice> metrics;
    std::vector<Values> of_metrics;
    for (const std::string& name : names) {
      metrics.push_back(parse_metric(name));
      of_metrics.push_back(read(store_, metrics.back()));
    }
    for (const Place& place : places_) {
      if (place.phase != phase) continue;
      const std::size_t before = columns.size();
      for (std::size_t m = 0; m < names.size(); ++m) {
        if (logged(place, of_metrics[m])) add(place, metrics[m], of_metrics[m]);
      }
      if (columns.size() == before) add(place, metrics.front(), of_metrics.front());  // to be
    }
  }

  const runs::Store& store_;
  const StudyRecord& study_;
  const Standing& standing_;
  std::vector<Place> places_;
  const StudyTableRequest& request_;
};

std::string why_missing(const Run* run) {
  if (run == nullptr || run->status == Status::planned) return "not started";
  return runs::to_text(run->status);
}

void fill(Cell& cell, const StudyRun& wanted, const Run* run, const Column& column, const Values& values) {
  if (run == nullptr || run->status != Status::finished) {
    cell.missing.push_back({wanted.seed, run == nullptr ? 0 : run->id, why_missing(run)});
    return;
  }
  const auto value = values.find(run->id);
  if (value == values.end()) {
    cell.missing.push_back({wanted.seed, run->id, "has no " + column.metric});
    return;
  }
  cell.values.push_back(value->second);
  cell.runs.push_back(run->id);
  cell.seeds.push_back(wanted.seed);
}

std::vector<Row> empty_rows(const StudyRecord& study, std::vector<std::string>& key_names, std::size_t columns) {
  const bool by_factors =
      !study.factors.empty() && std::all_of(study.cells.begin(), study.cells.end(),
                                            [&](auto& cell) { return cell.levels.size() == study.factors.size(); });
  if (by_factors) {
    for (const runs::StudyFactor& factor : study.factors) key_names.push_back(factor.name);
  } else {
    key_names = {"method"};
  }
  std::vector<Row> rows;
  for (const runs::StudyCell& cell : study.cells) {
    Row& row = rows.emplace_back();
    row.key = by_factors ? cell.levels : std::vector{cell.name.empty() ? study.name : cell.name};
    row.cells.resize(columns);
    row.baseline = cell.baseline && study.cells.size() > 1;
  }
  return rows;
}

std::vector<Audited> audited(const StudyRecord& study, const Standing& standing) {
  std::vector<Audited> runs;
  for (std::size_t i = 0; i < study.runs.size(); ++i) {
    const StudyRun& wanted = study.runs[i];
    if (const Run* run = standing.finished(i)) {
      runs.push_back({run, wanted.cell, wanted.task.empty() ? wanted.phase : wanted.phase + " " + wanted.task});
    }
  }
  return runs;
}

}  // namespace

Table tabulate(const runs::Store& store, const StudyRecord& study, const StudyTableRequest& request) {
  const Standing standing(store, study);
  const ColumnMaker columns(store, study, standing, request);
  Table table;
  table.study = study.name;
  table.design = study.design;
  table.columns = columns.columns;
  table.rows = empty_rows(study, table.key_names, table.columns.size());
  for (std::size_t i = 0; i < study.runs.size(); ++i) {
    const StudyRun& wanted = study.runs[i];
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const Column& column = table.columns[c];
      if (column.phase != wanted.phase || column.task != wanted.task) continue;
      fill(table.rows.at(wanted.cell).cells[c], wanted, standing.run(i), column, columns.values[c]);
    }
  }
  std::set<std::string> series;
  for (const Column& column : table.columns) series.insert(parse_metric(column.metric).series);
  const std::vector<Audited> runs = audited(study, standing);
  table.findings = audit(store, runs, declared_settings(study), {series.begin(), series.end()});
  table.notes = convention_notes(store, table);
  if (auto note = plugin_check_note(store, runs)) table.notes.push_back(std::move(*note));
  return table;
}

}  // namespace vaso::report
