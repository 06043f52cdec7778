#include "report/audit.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace vaso::report {
namespace {

// A property's value in each run; runs that have none are absent.
using Values = std::map<const Audited*, std::string>;

constexpr std::array<std::string_view, 4> never_counted = {"seed", "name", "phases", "plugins"};
constexpr std::size_t shown_values = 4, shown_properties = 8, shown_length = 32;

std::string_view table_of(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? "" : path.substr(0, dot);
}

// "masking.anatomy.beta_end" where some run has masking.<key> = "anatomy": a parameter of a component that may be
// chosen.
bool belongs_to_a_choice(std::string_view path, const std::vector<const Audited*>& runs) {
  for (std::string_view inner = table_of(path); !table_of(inner).empty(); inner = table_of(inner)) {
    const std::string_view outer = table_of(inner), name = inner.substr(outer.size() + 1);
    for (const Audited* run : runs) {
      for (const auto& [other, value] : run->settings) {
        if (value == name && table_of(other) == outer) return true;
      }
    }
  }
  return false;
}

// "masking.beta_end" beside the factor masking.strategy: one strategy has such a parameter, another has not.
bool stands_beside_a_factor(std::string_view path, const std::vector<std::string>& by) {
  return !table_of(path).empty() && std::any_of(by.begin(), by.end(), [&](const std::string& factor) {
    return table_of(factor) == table_of(path);
  });
}

std::string brief(const std::string& value) {
  if (value.empty()) return "\"\"";
  if (value.size() <= shown_length) return value;
  std::size_t end = shown_length;
  while ((static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) --end;  // not in the middle of a letter
  return value.substr(0, end) + "…";
}

class Findings {
 public:
  // `absent`: what a run without a value counts as; empty: it is left out of the comparison.
  void compare(const std::string& property, const Values& values, const std::vector<const Audited*>& runs,
               const std::string& absent) {
    std::map<std::size_t, std::set<std::string>> by_row;
    std::vector<std::string> distinct;  // in the order of the rows
    for (const Audited* run : runs) {
      const auto found = values.find(run);
      if (found == values.end() && absent.empty()) continue;
      const std::string value = found == values.end() ? absent : brief(found->second);
      by_row[run->row].insert(found == values.end() ? absent : found->second);
      if (std::find(distinct.begin(), distinct.end(), value) == distinct.end()) distinct.push_back(value);
    }
    std::set<std::string> all;
    bool within = false;
    for (const auto& [row, of_row] : by_row) {
      within = within || of_row.size() > 1;
      all.insert(of_row.begin(), of_row.end());
    }
    if (all.size() < 2) return;
    const std::size_t more = distinct.size() > shown_values ? distinct.size() - shown_values : 0;
    distinct.resize(distinct.size() - more);
    auto& list = within ? within_ : between_;
    list.push_back(fmt::format("{} ({}{})", property, fmt::join(distinct, ", "), more > 0 ? ", …" : ""));
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> notes;
    if (!between_.empty()) notes.push_back("rows also differ in " + joined(between_));
    if (!within_.empty()) notes.push_back("rows average runs that differ in " + joined(within_));
    return notes;
  }

 private:
  static std::string joined(std::vector<std::string> list) {
    const std::size_t more = list.size() > shown_properties ? list.size() - shown_properties : 0;
    list.resize(list.size() - more);
    return fmt::format("{}{}", fmt::join(list, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
  }
  std::vector<std::string> between_, within_;
};

void compare_settings(const std::vector<const Audited*>& runs, const std::vector<std::string>& by, Findings& findings) {
  std::map<std::string, Values> values;
  for (const Audited* run : runs) {
    for (const auto& [path, value] : run->settings) values[path][run] = value;
  }
  for (const auto& [path, of_runs] : values) {
    if (std::find(by.begin(), by.end(), path) != by.end()) continue;
    if (std::find(never_counted.begin(), never_counted.end(), path) != never_counted.end()) continue;
    const bool may_be_absent =
        of_runs.size() < runs.size() && (belongs_to_a_choice(path, runs) || stands_beside_a_factor(path, by));
    findings.compare(path, of_runs, runs, may_be_absent ? "" : "unset");
  }
}

void compare_circumstances(const std::vector<const Audited*>& runs, Findings& findings) {
  constexpr std::size_t digest = 8;  // digits that tell digests apart for a reader
  std::map<std::string, Values> values;
  for (const Audited* audited : runs) {
    const runs::Run& run = *audited->run;
    values["data"][audited] = run.data_fingerprint.substr(0, digest);
    values["source revision"][audited] = run.revision.substr(0, digest) + (run.dirty ? " with changes" : "");
    values["LibTorch"][audited] = run.libtorch;
    values["device used"][audited] = run.device;
    for (const auto& plugin : audited->plugins) {
      values["plugin " + plugin.id][audited] = plugin.version + " " + plugin.sha256.substr(0, digest);
    }
  }
  // A run without a plugin uses other components: that shows in the settings.
  for (const auto& [property, of_runs] : values) findings.compare(property, of_runs, runs, "");
}

}  // namespace

std::vector<std::string> confounds(const std::vector<Audited>& runs, const std::vector<std::string>& by) {
  std::map<std::string, std::vector<const Audited*>> by_phase;
  for (const Audited& run : runs) by_phase[run.run->phase].push_back(&run);
  std::vector<std::string> notes;
  for (const auto& [phase, of_phase] : by_phase) {
    Findings findings;
    compare_settings(of_phase, by, findings);
    compare_circumstances(of_phase, findings);
    for (const std::string& note : findings.notes()) {
      notes.push_back(by_phase.size() > 1 ? fmt::format("{}: {}", phase, note) : note);
    }
  }
  if (by_phase.size() > 1 && std::find(by.begin(), by.end(), "phase") == by.end()) {
    std::map<std::size_t, std::set<std::string>> phases;
    for (const Audited& run : runs) phases[run.row].insert(run.run->phase);
    if (std::any_of(phases.begin(), phases.end(), [](const auto& row) { return row.second.size() > 1; })) {
      std::vector<std::string> names;
      for (const auto& [phase, of_phase] : by_phase) names.push_back(phase);
      notes.push_back(fmt::format("rows average runs that differ in phase ({})", fmt::join(names, ", ")));
    }
  }
  return notes;
}

}  // namespace vaso::report
