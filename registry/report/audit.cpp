#include "report/audit.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>

namespace vaso::report {
namespace {

using Runs = std::vector<const Audited*>;
using Texts = std::map<std::int64_t, std::string>;  // a property's value by run; absent: the run has none
using Kind = Finding::Kind;

constexpr std::array<std::string_view, 4> never_counted = {"seed", "name", "phases", "plugins"};
constexpr const char* unset = "unset";
constexpr std::size_t digest_length = 8;  // digits that tell digests apart for a reader

std::string_view table_of(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? "" : path.substr(0, dot);
}

bool is_declared(std::string_view path, const std::vector<std::string>& declared) {
  return std::any_of(declared.begin(), declared.end(), [&](const std::string& factor) {
    return path == factor || (path.starts_with(factor) && path[factor.size()] == '.');
  });
}

// Values of the settings that differ among some runs.
class Differing {
 public:
  Differing(const runs::Store& store, const Runs& runs, const std::vector<std::string>& declared)
      : declared_(declared) {
    std::set<std::int64_t> ids;
    for (const Audited* each : runs) ids.insert(each->run->id);
    for (const std::string& path : store.differing_settings({ids.begin(), ids.end()})) {
      const Texts& texts = values_[path] = store.setting(path);
      const std::string table(table_of(path));
      by_table_[table].push_back(&texts);
      for (const std::int64_t id : ids) {
        const auto text = texts.find(id);
        if (text != texts.end()) chosen_.emplace(table, text->second);
      }
    }
  }

  const std::map<std::string, Texts>& values() const { return values_; }

  // Whether a run may well lack a setting that others have: it is of a component that this run has not chosen
  // ("masking.anatomy.beta_end" without masking.<key> = "anatomy"), or stands beside a factor (masking.beta_end, which
  // one masking.strategy has and another has not).
  bool may_lack(std::int64_t run, std::string_view path) const {
    if (!table_of(path).empty() && std::any_of(declared_.begin(), declared_.end(), [&](const std::string& factor) {
          return table_of(factor) == table_of(path);
        })) {
      return true;
    }
    for (std::string_view inner = table_of(path); !table_of(inner).empty(); inner = table_of(inner)) {
      const std::string outer(table_of(inner)), component(inner.substr(outer.size() + 1));
      if (!chosen_.contains({outer, component})) continue;
      const std::vector<const Texts*>& beside = by_table_.at(outer);
      if (std::none_of(beside.begin(), beside.end(), [&](const Texts* texts) {
            const auto text = texts->find(run);
            return text != texts->end() && text->second == component;
          })) {
        return true;
      }
    }
    return false;
  }

 private:
  const std::vector<std::string>& declared_;
  std::map<std::string, Texts> values_;
  std::map<std::string, std::vector<const Texts*>> by_table_;  // the values of settings that stand in a table
  std::set<std::pair<std::string, std::string>> chosen_;       // table and value: "masking", "anatomy"
};

void add_to(Finding::Value& value, const Audited& run) {
  if (value.rows.empty() || value.rows.back() != run.row) value.rows.push_back(run.row);
  value.runs.push_back(run.run->id);
}

void make_sets(Finding& finding) {
  for (Finding::Value& value : finding.values) {
    std::sort(value.rows.begin(), value.rows.end());
    value.rows.erase(std::unique(value.rows.begin(), value.rows.end()), value.rows.end());
    std::sort(value.runs.begin(), value.runs.end());
    value.runs.erase(std::unique(value.runs.begin(), value.runs.end()), value.runs.end());
  }
}

// What the runs differ in, if they do. `text` gives a run's value, none where it takes no part.
template <class Text>
std::optional<Finding> compare(const std::string& property, const Runs& runs, const Text& text) {
  Finding finding{Kind::between_rows, runs.front()->phase, property, {}};
  std::map<std::string, std::size_t> places;
  std::map<std::size_t, std::size_t> by_row;  // the value that was first seen in a row
  for (const Audited* each : runs) {
    const std::optional<std::string> value = text(*each);
    if (!value) continue;
    const auto [place, fresh] = places.try_emplace(*value, finding.values.size());
    if (fresh) finding.values.push_back({*value, {}, {}});
    add_to(finding.values[place->second], *each);
    if (by_row.try_emplace(each->row, place->second).first->second != place->second) finding.kind = Kind::within_row;
  }
  if (finding.values.size() < 2) return std::nullopt;
  make_sets(finding);
  return finding;
}

// A run's value, none where it has none.
struct Reader {
  const Texts& texts;
  std::optional<std::string> operator()(const Audited& each) const {
    const auto found = texts.find(each.run->id);
    return found == texts.end() ? std::nullopt : std::optional(found->second);
  }
};

class Auditor {
 public:
  Auditor(const runs::Store& store, const std::vector<std::string>& declared, const std::vector<std::string>& metrics)
      : store_(store), declared_(declared), metrics_(metrics) {}

  void examine(const Runs& runs) {
    compare_settings(runs);
    compare_circumstances(runs);
    compare_plugins(runs);
    compare_conventions(runs);
  }

  // One line for what several phases have in common.
  std::vector<Finding> merged() const {
    std::vector<Finding> all;
    for (const Finding& finding : findings_) {
      const auto same = std::find_if(all.begin(), all.end(), [&](const Finding& other) {
        return other.kind == finding.kind && other.property == finding.property &&
               std::equal(other.values.begin(), other.values.end(), finding.values.begin(), finding.values.end(),
                          [](const auto& a, const auto& b) { return a.text == b.text && a.rows == b.rows; });
      });
      if (same == all.end()) {
        all.push_back(finding);
        continue;
      }
      same->phase += ", " + finding.phase;
      for (std::size_t i = 0; i < finding.values.size(); ++i) {
        auto& runs = same->values[i].runs;
        runs.insert(runs.end(), finding.values[i].runs.begin(), finding.values[i].runs.end());
      }
      make_sets(*same);
    }
    return all;
  }

  template <class Holds>
  void note(const std::string& property, const std::vector<Audited>& runs, const Holds& holds) {
    Finding finding{Kind::of_runs, "", property, {{"", {}, {}}}};
    for (const Audited& each : runs) {
      if (holds(*each.run)) add_to(finding.values.front(), each);
    }
    make_sets(finding);
    if (!finding.values.front().runs.empty()) findings_.push_back(std::move(finding));
  }

 private:
  template <class Text>
  void add(const std::string& property, const Runs& runs, const Text& text) {
    if (auto finding = compare(property, runs, text)) findings_.push_back(std::move(*finding));
  }

  void compare_settings(const Runs& runs) {
    const Differing differing(store_, runs, declared_);
    for (const auto& [path, texts] : differing.values()) {
      if (is_declared(path, declared_)) continue;
      if (std::find(never_counted.begin(), never_counted.end(), path) != never_counted.end()) continue;
      add(path, runs, [&, &path = path, &texts = texts](const Audited& each) -> std::optional<std::string> {
        const auto found = texts.find(each.run->id);
        if (found != texts.end()) return found->second.empty() ? "\"\"" : found->second;
        if (differing.may_lack(each.run->id, path)) return std::nullopt;
        return unset;
      });
    }
  }

  void compare_circumstances(const Runs& runs) {
    using Run = runs::Run;
    add("data", runs, [](const Audited& a) { return std::optional(a.run->data_fingerprint.substr(0, digest_length)); });
    add("source revision", runs, [](const Audited& a) {
      return std::optional(a.run->revision.substr(0, digest_length) + (a.run->dirty ? " with changes" : ""));
    });
    constexpr std::pair<const char*, std::string Run::*> texts[] = {
        {"LibTorch", &Run::libtorch}, {"device used", &Run::device}, {"thread pools", &Run::threads}};
    for (const auto& [property, field] : texts) {
      add(property, runs, [field = field](const Audited& a) { return std::optional(a.run->*field); });
    }
  }

  // A run without a plugin uses other components: that shows in the settings.
  void compare_plugins(const Runs& runs) {
    if (plugins_.empty()) plugins_ = store_.all_plugins();
    std::map<std::string, Texts> by_plugin;
    for (const Audited* each : runs) {
      const auto used = plugins_.find(each->run->id);
      if (used == plugins_.end()) continue;
      for (const runs::PluginUsed& plugin : used->second) {
        by_plugin[plugin.id][each->run->id] =
            fmt::format("{} {}", plugin.version, plugin.sha256.substr(0, digest_length));
      }
    }
    for (const auto& [id, texts] : by_plugin) add("plugin " + id, runs, Reader{texts});
  }

  void compare_conventions(const Runs& runs) {
    if (metrics_.empty()) return;
    if (conventions_.empty()) conventions_ = store_.all_conventions();
    for (const std::string& metric : metrics_) {
      Texts texts;
      for (const Audited* each : runs) {
        const auto of_run = conventions_.find(each->run->id);
        if (of_run == conventions_.end()) continue;
        const auto found = of_run->second.find(metric);
        if (found != of_run->second.end()) texts[each->run->id] = found->second;
      }
      add("the way of computing " + metric, runs, Reader{texts});
    }
  }

  const runs::Store& store_;
  const std::vector<std::string>& declared_;
  const std::vector<std::string>& metrics_;
  std::map<std::int64_t, std::vector<runs::PluginUsed>> plugins_;
  std::map<std::int64_t, std::map<std::string, std::string>> conventions_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> audit(const runs::Store& store, const std::vector<Audited>& runs,
                           const std::vector<std::string>& declared, const std::vector<std::string>& metrics) {
  std::map<std::string, Runs> by_phase;
  for (const Audited& run : runs) by_phase[run.phase].push_back(&run);
  Auditor auditor(store, declared, metrics);
  for (const auto& [phase, of_phase] : by_phase) auditor.examine(of_phase);
  auditor.note("uncommitted changes in the source tree", runs, [](const runs::Run& run) { return run.dirty; });
  auditor.note("ended early", runs, [](const runs::Run& run) { return run.stopped_early; });
  auditor.note("taken up again", runs, [](const runs::Run& run) { return run.resumed > 0; });
  return auditor.merged();
}

}  // namespace vaso::report
