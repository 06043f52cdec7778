#include "config/diagnostics.hpp"
#include "report/audit.hpp"
#include "report/table.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>

namespace vaso::report {
namespace {

using runs::Run;
using runs::Status;
using Settings = std::map<std::string, std::string>;

constexpr const char* missing = "–";
constexpr const char* own_keys[] = {"phase", "experiment", "seed", "run"};  // keys that are no settings

[[noreturn]] void refuse_unknown(const std::string& what, const std::string& name, const std::set<std::string>& known) {
  const std::string hint = config::suggestion(name, {known.begin(), known.end()});
  throw std::invalid_argument(fmt::format("{} `{}`{}{}", what, name, hint.empty() ? "" : "; ", hint));
}

// One number of a series: "best:dice".
struct Metric {
  enum class Pick { last, best, first, mean };
  Pick pick = Pick::last;
  std::string series;
};

Metric parse_metric(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string pick = text.substr(0, colon);
  if (colon != std::string::npos) {
    const std::string series = text.substr(colon + 1);
    if (pick == "best") return {Metric::Pick::best, series};
    if (pick == "first") return {Metric::Pick::first, series};
    if (pick == "mean") return {Metric::Pick::mean, series};
  }
  return {Metric::Pick::last, text};
}

double picked(const std::vector<runs::Point>& points, Metric::Pick pick) {
  if (pick == Metric::Pick::last) return points.back().value;
  if (pick == Metric::Pick::first) return points.front().value;
  double sum = 0, best = std::numeric_limits<double>::quiet_NaN();
  for (const runs::Point& point : points) {
    sum += point.value;
    best = std::fmax(best, point.value);  // a NaN gives way to a number
  }
  return pick == Metric::Pick::best ? best : sum / static_cast<double>(points.size());
}

std::string key_value(const Run& run, const Settings& settings, const std::string& key) {
  if (key == "phase") return run.phase;
  if (key == "experiment") return run.experiment;
  if (key == "seed") return std::to_string(run.seed);
  if (key == "run") return std::to_string(run.id);
  const auto found = settings.find(key);
  return found == settings.end() ? missing : found->second;
}

// The runs that a table may be about, by the request's experiment and phase.
std::vector<Run> in_scope(const runs::Store& store, const TableRequest& request) {
  std::vector<Run> runs = store.all();
  if (runs.empty()) return runs;
  const auto keep = [&](const char* what, const std::string& wanted, std::string Run::*field) {
    if (wanted.empty()) return;
    std::set<std::string> known;
    for (const Run& run : runs) known.insert(run.*field);
    if (!known.contains(wanted)) refuse_unknown(what, wanted, known);
    std::erase_if(runs, [&](const Run& run) { return run.*field != wanted; });
  };
  keep("no run belongs to the experiment", request.experiment, &Run::experiment);
  keep("no run was made in the phase", request.phase, &Run::phase);
  return runs;
}

void refuse_unknown_metrics(const runs::Store& store, const std::vector<Run>& runs,
                            const std::vector<Metric>& metrics) {
  std::set<std::string> known;
  for (const Run& run : runs) {
    for (const std::string& series : store.series(run.id)) known.insert(series);
  }
  if (known.empty()) return;  // nothing has been logged yet: an empty table says so
  for (const Metric& metric : metrics) {
    if (!known.contains(metric.series)) refuse_unknown("no run logged the metric", metric.series, known);
  }
}

std::set<std::string> phases_with(const runs::Store& store, const std::vector<Run>& runs,
                                  const std::vector<Metric>& metrics) {
  std::set<std::string> phases;
  for (const Run& run : runs) {
    if (phases.contains(run.phase)) continue;
    for (const std::string& series : store.series(run.id)) {
      if (std::any_of(metrics.begin(), metrics.end(), [&](const Metric& m) { return m.series == series; })) {
        phases.insert(run.phase);
      }
    }
  }
  return phases;
}

// A segmentor logs a loss too, but has no masking strategy: a phase in which no run has a setting of the table that a
// key names has no place in rows by that key. Where every phase is so, all stay.
void leave_out_phases_without(const runs::Store& store, const std::vector<Run>& runs,
                              const std::vector<std::string>& by, std::set<std::string>& phases) {
  for (const std::string& key : by) {
    const std::size_t dot = key.find('.');
    if (dot == std::string::npos) continue;
    const std::string table = key.substr(0, dot + 1);
    std::set<std::string> with;
    for (const Run& run : runs) {
      if (!phases.contains(run.phase) || with.contains(run.phase)) continue;
      const Settings settings = store.settings(run.id);
      const auto first = settings.lower_bound(table);
      if (first != settings.end() && first->first.starts_with(table)) with.insert(run.phase);
    }
    if (!with.empty()) phases = with;
  }
}

// Levels of one factor in the order of a table: numbers by size, names as they came first in the database, which is the
// order in which the study lists them.
std::map<std::string, std::size_t> ranks_of(const std::vector<std::string>& values) {
  std::vector<std::string> order;
  bool numbers = true;
  for (const std::string& value : values) {
    if (std::find(order.begin(), order.end(), value) == order.end()) order.push_back(value);
  }
  const auto number = [&](const std::string& text) {
    double value = 0;
    const char* const end = text.data() + text.size();
    if (std::from_chars(text.data(), end, value).ptr != end) numbers = false;
    return value;
  };
  std::map<std::string, double> sizes;
  for (const std::string& value : order) sizes[value] = number(value);
  if (numbers) {
    std::stable_sort(order.begin(), order.end(),
                     [&](const std::string& a, const std::string& b) { return sizes[a] < sizes[b]; });
  }
  std::map<std::string, std::size_t> ranks;
  for (const std::string& value : order) ranks.emplace(value, ranks.size());
  return ranks;
}

// "3 runs left out: failed (14, 16), running (15)"; those whose settings another run has since finished are no loss.
void note_left_out(const std::vector<Run>& runs, const std::set<std::string>& finished,
                   std::vector<std::string>& notes) {
  std::map<Status, std::vector<std::int64_t>> by_status;
  std::size_t count = 0;
  for (const Run& run : runs) {
    if (run.status == Status::finished || finished.contains(run.identity)) continue;
    by_status[run.status].push_back(run.id);
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
std::vector<const Run*> counted(const std::vector<Run>& runs, std::vector<std::string>& notes) {
  std::vector<const Run*> finished;
  std::set<std::string> identities;
  for (const Run& run : runs) {
    if (run.status != Status::finished) continue;
    finished.push_back(&run);
    if (!run.identity.empty()) identities.insert(run.identity);
  }
  if (finished.empty()) notes.emplace_back("no run has finished yet");
  note_left_out(runs, identities, notes);
  keep_newest(finished, notes);
  return finished;
}

// The keys of every run, also of those left out: they were planned in the order of the study.
class Keys {
 public:
  Keys(const runs::Store& store, const std::vector<Run>& runs, const std::vector<std::string>& by) : by_(by) {
    std::set<std::string> known(std::begin(own_keys), std::end(own_keys));
    for (const Run& run : runs) {
      for (const auto& [path, value] : settings_[run.id] = store.settings(run.id)) known.insert(path);
    }
    for (const std::string& key : by) {
      if (!runs.empty() && !known.contains(key)) refuse_unknown("no run has the setting", key, known);
      std::vector<std::string> values;
      for (const Run& run : runs) values.push_back(key_value(run, settings(run), key));
      ranks_.push_back(ranks_of(values));
    }
  }

  const Settings& settings(const Run& run) const { return settings_.at(run.id); }

  std::vector<std::string> of(const Run& run) const {
    std::vector<std::string> key;
    for (const std::string& name : by_) key.push_back(key_value(run, settings(run), name));
    return key;
  }

  // Runs with equal keys together, in the order of the rows.
  std::vector<std::vector<const Run*>> group(const std::vector<const Run*>& runs) const {
    std::map<std::vector<std::size_t>, std::vector<const Run*>> groups;
    for (const Run* run : runs) {
      const std::vector<std::string> key = of(*run);
      std::vector<std::size_t> place;
      for (std::size_t k = 0; k < key.size(); ++k) place.push_back(ranks_[k].at(key[k]));
      groups[place].push_back(run);
    }
    std::vector<std::vector<const Run*>> rows;
    for (auto& [place, members] : groups) rows.push_back(std::move(members));
    return rows;
  }

 private:
  const std::vector<std::string>& by_;
  std::map<std::int64_t, Settings> settings_;
  std::vector<std::map<std::string, std::size_t>> ranks_;
};

std::vector<Cell> cells_of(const runs::Store& store, const std::vector<const Run*>& runs,
                           const std::vector<Metric>& metrics) {
  std::vector<Cell> cells(metrics.size());
  for (const Run* run : runs) {
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      const auto points = store.points(run->id, metrics[m].series);
      if (points.empty()) continue;
      cells[m].values.push_back(picked(points, metrics[m].pick));
      cells[m].runs.push_back(run->id);
      cells[m].seeds.push_back(run->seed);
    }
  }
  return cells;
}

}  // namespace

std::string Column::name() const { return task.empty() ? metric : fmt::format("{}/{}", task, metric); }

std::string Row::name() const { return fmt::format("{}", fmt::join(key, ", ")); }

Table tabulate(const runs::Store& store, const TableRequest& request) {
  if (request.metrics.empty()) throw std::invalid_argument("a table needs a metric: name one, such as `loss`");
  std::vector<Metric> metrics;
  for (const std::string& text : request.metrics) metrics.push_back(parse_metric(text));

  std::vector<Run> runs = in_scope(store, request);
  refuse_unknown_metrics(store, runs, metrics);
  if (request.phase.empty()) {
    std::set<std::string> phases = phases_with(store, runs, metrics);
    leave_out_phases_without(store, runs, request.by, phases);
    if (!phases.empty()) std::erase_if(runs, [&](const Run& run) { return !phases.contains(run.phase); });
  }

  Table table;
  table.key_names = request.by;
  for (const std::string& metric : request.metrics) {
    table.columns.push_back({request.phase, "", metric, metric, Better::neither});
  }
  const Keys keys(store, runs, request.by);
  std::vector<Audited> audited;
  for (const auto& members : keys.group(counted(runs, table.notes))) {
    for (const Run* run : members) {
      audited.push_back({run, table.rows.size(), keys.settings(*run), store.plugins(run->id)});
    }
    table.rows.push_back({keys.of(*members.front()), cells_of(store, members, metrics), false});
  }
  const auto notes = confounds(audited, request.by);
  table.notes.insert(table.notes.end(), notes.begin(), notes.end());
  std::vector<std::int64_t> ids;
  for (const Audited& run : audited) ids.push_back(run.run->id);
  for (std::string& note : convention_notes(store, ids, request.metrics)) table.notes.push_back(std::move(note));
  return table;
}

}  // namespace vaso::report
