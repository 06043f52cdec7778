#include "report/conventions.hpp"
#include "report/known_series.hpp"
#include "report/metric_choice.hpp"
#include "report/plugin_checks.hpp"
#include "report/table.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <set>
#include <stdexcept>

namespace vaso::report {
namespace {

using runs::Run;
using runs::Status;
using Values = std::map<std::int64_t, double>;

constexpr const char* missing = "–";
constexpr const char* own_keys[] = {"phase", "experiment", "seed", "run"};  // keys that are no settings

// The runs that a table may be about, by the request's experiment and phase.
std::vector<const Run*> in_scope(const std::vector<Run>& all, const TableRequest& request) {
  std::vector<const Run*> runs;
  for (const Run& run : all) runs.push_back(&run);
  if (all.empty()) return runs;
  const auto keep = [&](const char* what, const std::string& wanted, std::string Run::*field) {
    if (wanted.empty()) return;
    std::set<std::string> known;
    for (const Run* run : runs) known.insert(run->*field);
    if (!known.contains(wanted)) refuse_unknown(what, wanted, {known.begin(), known.end()});
    std::erase_if(runs, [&](const Run* run) { return run->*field != wanted; });
  };
  keep("no run belongs to the experiment", request.experiment, &Run::experiment);
  keep("no run was made in the phase", request.phase, &Run::phase);
  return runs;
}

struct Series {
  MetricChoice metric;
  Values values;
};

std::vector<Series> read_all(const runs::Store& store, const std::vector<std::string>& names) {
  const std::set<std::string> known = store.series_names();
  std::vector<Series> all;
  for (const std::string& name : names) {
    MetricChoice metric = parse_metric(name);
    metric.series.insert(0, metric.place.empty() ? "" : metric.place + "/");  // tasks are rows here, not columns
    if (!known.empty() && !known.contains(metric.series)) {
      refuse_unknown("no run logged the metric", metric.series, {known.begin(), known.end()});
    }
    all.push_back({metric, read(store, metric)});
  }
  return all;
}

// What the keys say of each run. A setting that a run lacks is looked up in the run whose weights it uses, and so on.
class Keys {
 public:
  Keys(const runs::Store& store, const std::vector<Run>& all, const std::vector<std::string>& by) {
    for (const Run& run : all) by_id_.emplace(run.id, &run);
    for (const std::string& key : by) {
      if (std::find(std::begin(own_keys), std::end(own_keys), key) != std::end(own_keys)) {
        settings_.push_back({key, true, {}});
        continue;
      }
      settings_.push_back({key, false, store.setting(key)});
      if (settings_.back().values.empty() && !all.empty()) {
        const std::set<std::string> paths = store.setting_paths();
        std::vector<std::string> known(std::begin(own_keys), std::end(own_keys));
        known.insert(known.end(), paths.begin(), paths.end());
        refuse_unknown("no run has the setting", key, known);
      }
    }
  }

  std::vector<std::string> of(const Run& run) const {
    std::vector<std::string> key;
    for (const Setting& setting : settings_) key.push_back(value(run, setting));
    return key;
  }

  // A segmentor logs a loss too, but has no masking strategy: where some runs have all keys, phases in which none has
  // are no rows.
  void leave_out_phases_without(std::vector<const Run*>& runs) const {
    for (const Setting& setting : settings_) {
      std::set<std::string> with;
      for (const Run* run : runs) {
        if (!with.contains(run->phase) && value(*run, setting) != missing) with.insert(run->phase);
      }
      if (!with.empty()) std::erase_if(runs, [&](const Run* run) { return !with.contains(run->phase); });
    }
  }

  // The run itself, that whose weights it uses, and so on.
  std::vector<const Run*> line(const Run& run) const {
    std::vector<const Run*> line;
    for (const Run* each = &run; each != nullptr; each = parent(*each)) line.push_back(each);
    return line;
  }

 private:
  struct Setting {
    std::string key;
    bool own;  // of the run's row, no setting
    std::map<std::int64_t, std::string> values;
  };

  const Run* parent(const Run& run) const {
    const auto found = run.parent < run.id ? by_id_.find(run.parent) : by_id_.end();  // older, so the line ends
    return found == by_id_.end() ? nullptr : found->second;
  }

  std::string value(const Run& run, const Setting& setting) const {
    if (setting.own) {
      return setting.key == "phase"        ? run.phase
             : setting.key == "experiment" ? run.experiment
                                           : std::to_string(setting.key == "seed" ? run.seed : run.id);
    }
    for (const Run* each = &run; each != nullptr; each = parent(*each)) {
      const auto found = setting.values.find(each->id);
      if (found != setting.values.end()) return found->second;
    }
    return missing;
  }

  std::map<std::int64_t, const Run*> by_id_;
  std::vector<Setting> settings_;
};

// Levels of one factor in the order of a table: numbers by size, names as they came first in the database, which is the
// order in which the study lists them.
std::map<std::string, std::size_t> ranks_of(const std::vector<std::string>& in_order) {
  std::vector<std::string> order = in_order;
  std::map<std::string, double> sizes;
  bool numbers = true;
  for (const std::string& value : order) {
    const char* const end = value.data() + value.size();
    if (std::from_chars(value.data(), end, sizes[value]).ptr != end) numbers = false;
  }
  if (numbers) {
    std::stable_sort(order.begin(), order.end(),
                     [&](const std::string& a, const std::string& b) { return sizes[a] < sizes[b]; });
  }
  std::map<std::string, std::size_t> ranks;
  for (const std::string& value : order) ranks.emplace(value, ranks.size());
  return ranks;
}

// "3 runs left out: failed (14, 16), running (15)"; those whose settings another run has since finished are no loss.
void note_left_out(const std::vector<const Run*>& runs, const std::set<std::string>& finished,
                   std::vector<std::string>& notes) {
  std::map<Status, std::vector<std::int64_t>> by_status;
  std::size_t count = 0;
  for (const Run* run : runs) {
    if (run->status == Status::finished || finished.contains(run->identity)) continue;
    by_status[run->status].push_back(run->id);
    ++count;
  }
  if (count == 0) return;
  std::vector<std::string> parts;
  for (const auto& [status, ids] : by_status) {
    parts.push_back(fmt::format("{} ({})", runs::to_text(status), fmt::join(ids, ", ")));
  }
  notes.push_back(fmt::format("{} {} left out: {}", count, count == 1 ? "run" : "runs", fmt::join(parts, ", ")));
}

// Drops all but the newest of finished runs with one identity. A run without an identity is like no other.
void keep_newest(std::vector<const Run*>& finished, std::vector<std::string>& notes) {
  std::map<std::string, std::int64_t> newest;
  for (const Run* run : finished) newest[run->identity] = run->id;
  std::vector<std::int64_t> dropped;
  std::erase_if(finished, [&](const Run* run) {
    const bool older = !run->identity.empty() && newest[run->identity] != run->id;
    if (older) dropped.push_back(run->id);
    return older;
  });
  if (dropped.empty()) return;
  notes.push_back(fmt::format("{} left out, for newer ones with the same settings, data and plugins: {}",
                              dropped.size() == 1 ? "1 run" : fmt::format("{} runs", dropped.size()),
                              fmt::join(dropped, ", ")));
}

// The runs whose values stand in the table; notes say which do not, and why.
std::vector<const Run*> counted(const std::vector<const Run*>& runs, std::vector<std::string>& notes) {
  std::vector<const Run*> finished;
  std::set<std::string> identities;
  for (const Run* run : runs) {
    if (run->status != Status::finished) continue;
    finished.push_back(run);
    if (!run->identity.empty()) identities.insert(run->identity);
  }
  if (finished.empty()) notes.emplace_back("no run has finished yet");
  note_left_out(runs, identities, notes);
  keep_newest(finished, notes);
  return finished;
}

struct Group {
  std::vector<std::string> key;
  std::vector<const Run*> runs;
};

// Runs with equal keys together, in the order of the rows. `planned`: also runs that have not finished, for they were
// planned in the order of the study.
std::vector<Group> groups_of(const std::vector<const Run*>& finished, const std::vector<const Run*>& planned,
                             const Keys& keys, std::size_t key_count) {
  std::vector<std::vector<std::string>> levels(key_count);
  std::vector<std::set<std::string>> seen(key_count);
  for (const Run* run : planned) {
    const std::vector<std::string> key = keys.of(*run);
    for (std::size_t k = 0; k < key_count; ++k) {
      if (seen[k].insert(key[k]).second) levels[k].push_back(key[k]);
    }
  }
  std::vector<std::map<std::string, std::size_t>> ranks;
  for (const auto& of_key : levels) ranks.push_back(ranks_of(of_key));
  std::map<std::vector<std::size_t>, Group> groups;
  for (const Run* run : finished) {
    std::vector<std::string> key = keys.of(*run);
    std::vector<std::size_t> place;
    for (std::size_t k = 0; k < key_count; ++k) place.push_back(ranks[k].at(key[k]));
    Group& group = groups[place];
    group.key = std::move(key);
    group.runs.push_back(run);
  }
  std::vector<Group> in_order;
  for (auto& [place, group] : groups) in_order.push_back(std::move(group));
  return in_order;
}

Row row_of(const Group& group, const std::vector<Series>& series) {
  Row row;
  row.key = group.key;
  for (const Series& each : series) {
    Cell& cell = row.cells.emplace_back();
    for (const Run* run : group.runs) {
      const auto value = each.values.find(run->id);
      if (value == each.values.end()) continue;
      cell.values.push_back(value->second);
      cell.runs.push_back(run->id);
      cell.seeds.push_back(run->seed);
    }
  }
  return row;
}

// Rows that average over phases, of which the audit compares each with itself alone.
void find_mixed_phases(const std::vector<Group>& groups, Table& table) {
  Finding finding{Finding::Kind::within_row, "", "phase", {}};
  std::map<std::string, Finding::Value> values;
  bool mixed = false;
  for (std::size_t row = 0; row < groups.size(); ++row) {
    for (const Run* run : groups[row].runs) {
      Finding::Value& value = values[run->phase];
      if (value.rows.empty() || value.rows.back() != row) value.rows.push_back(row);
      value.runs.push_back(run->id);
      mixed = mixed || run->phase != groups[row].runs.front()->phase;
    }
  }
  if (!mixed) return;
  for (auto& [phase, value] : values) {
    value.text = phase;
    finding.values.push_back(std::move(value));
  }
  table.findings.push_back(std::move(finding));
}

}  // namespace

Table tabulate(const runs::Store& store, const TableRequest& request) {
  if (request.metrics.empty()) throw std::invalid_argument("a table needs a metric: name one, such as `loss`");
  const std::vector<Run> all = store.all();
  std::vector<const Run*> runs = in_scope(all, request);
  const std::vector<Series> series = read_all(store, request.metrics);
  const Keys keys(store, all, request.by);
  if (request.phase.empty()) {
    std::set<std::string> phases;
    for (const Run* run : runs) {
      if (std::any_of(series.begin(), series.end(), [&](const Series& s) { return s.values.contains(run->id); })) {
        phases.insert(run->phase);
      }
    }
    if (!phases.empty()) std::erase_if(runs, [&](const Run* run) { return !phases.contains(run->phase); });
    keys.leave_out_phases_without(runs);
  }

  Table table;
  table.key_names = request.by;
  std::vector<std::string> names;
  for (const Series& each : series) {
    names.push_back(each.metric.series);
    table.columns.push_back(
        {request.phase, "", each.metric.text, each.metric.text, better_direction(each.metric.series)});
  }
  std::vector<Audited> audited;
  const std::vector<Group> groups = groups_of(counted(runs, table.notes), runs, keys, request.by.size());
  for (const Group& group : groups) {
    for (const Run* run : group.runs) {
      for (const Run* each : keys.line(*run)) audited.push_back({each, table.rows.size(), each->phase});
    }
    table.rows.push_back(row_of(group, series));
  }
  table.findings = audit(store, audited, request.by, names);
  find_mixed_phases(groups, table);
  for (std::string& note : convention_notes(store, table)) table.notes.push_back(std::move(note));
  if (auto note = plugin_check_note(store, audited)) table.notes.push_back(std::move(*note));
  return table;
}

}  // namespace vaso::report
