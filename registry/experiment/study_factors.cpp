// Factors and their levels, and the baseline among them.
#include "config/path.hpp"
#include "experiment/study_parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace vaso::experiment {
namespace {

using config::Diagnostic;
using config::Entry;
using config::Node;

constexpr const char* path_example = R"("masking.strategy" = ["random", "anatomy"])";
constexpr const char* level_example = R"(frangi = { "guidance.source" = "frangi", "masking.strategy" = "anatomy" })";

std::string name_of(const Node& level) {
  const auto* text = std::get_if<std::string>(&level.value);
  return text != nullptr ? *text : config::to_text(level);
}

// The keys of a path that a cell may set; empty where it may not: then a fault says why.
std::vector<std::string> keys_to_set(const std::string& path, const config::Origin& origin,
                                     std::vector<Diagnostic>& faults) {
  std::string fault;
  std::vector<std::string> keys = config::split_path(path, fault);
  if (!keys.empty() && keys.front() == "study") fault = "a study does not vary itself";
  if (!keys.empty() && keys.front() == "name") fault = "runs of a study go by the name of one experiment";
  if (fault.empty()) return keys;
  faults.push_back({fmt::format("`{}` cannot be varied", path), origin, fault,
                    fmt::format("the path of a value, in quotes, for example `{}`", path_example)});
  return {};
}

void collect(const Node& table, const std::string& prefix, std::vector<Setting>& settings) {
  for (const Entry& entry : table.table()) {
    const std::string path = config::joined(prefix, entry.key);
    if (entry.node.is_table()) {
      collect(entry.node, path, settings);
    } else {
      settings.push_back({path, entry.node, entry.key_origin});
    }
  }
}

// One holds the other, or they are the same.
bool overlap(const std::string& a, const std::string& b) {
  std::string ignored;
  const std::vector<std::string> first = config::split_path(a, ignored), second = config::split_path(b, ignored);
  const std::size_t common = std::min(first.size(), second.size());
  return std::equal(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(common), second.begin());
}

Factor path_factor(const Entry& entry, std::vector<Diagnostic>& faults) {
  Factor factor{entry.key, {}, entry.key_origin};
  if (keys_to_set(entry.key, entry.key_origin, faults).empty()) return factor;
  std::set<std::string> seen;
  for (const Node& level : entry.node.array()) {
    if (seen.insert(config::to_json(level)).second) {
      factor.levels.push_back({name_of(level), {{entry.key, level, entry.key_origin}}, level.origin});
      continue;
    }
    faults.push_back({fmt::format("`{}` has the level {} twice", entry.key, config::to_text(level)), level.origin,
                      "the same run would stand in the plan twice", "take one out"});
  }
  return factor;
}

Factor named_factor(const Entry& entry, std::vector<Diagnostic>& faults) {
  Factor factor{entry.key, {}, entry.key_origin};
  std::map<std::string, std::string> seen;  // name, by content
  for (const Entry& level : entry.node.table()) {
    if (!level.node.is_table()) {
      faults.push_back({fmt::format("`{}` is no level of `{}`", level.key, entry.key), level.key_origin,
                        fmt::format("a level is a table of the values that it sets; found {}", level.node.type_name()),
                        fmt::format("for example `{}`; a factor that varies one value has its path in quotes: `{}`",
                                    level_example, path_example)});
      continue;
    }
    Level read{level.key, read_settings(level.node, faults), level.key_origin};
    const auto [equal, is_new] = seen.emplace(content(read.settings), level.key);
    if (!is_new) {
      faults.push_back({fmt::format("the levels `{}` and `{}` of `{}` are equal", equal->second, level.key, entry.key),
                        level.key_origin, "they set the same values, and the same run would stand in the plan twice",
                        "take one out, or set something else"});
      continue;
    }
    factor.levels.push_back(std::move(read));
  }
  return factor;
}

// Two levels of different factors hold in the same cell: what both set would depend on their order.
void refuse_common_settings(const std::vector<Factor>& factors, std::vector<Diagnostic>& faults) {
  const auto clash = [](const Factor& one, const Factor& other) -> std::optional<std::pair<Setting, Setting>> {
    for (const Level& theirs : other.levels) {
      for (const Setting& later : theirs.settings) {
        for (const Level& ours : one.levels) {
          for (const Setting& earlier : ours.settings) {
            if (overlap(earlier.path, later.path)) return std::pair(earlier, later);
          }
        }
      }
    }
    return std::nullopt;
  };
  for (std::size_t i = 0; i < factors.size(); ++i) {
    for (std::size_t j = i + 1; j < factors.size(); ++j) {
      const auto both = clash(factors[i], factors[j]);
      if (!both) continue;
      faults.push_back({fmt::format("`{}` and `{}` both set `{}`", factors[i].name, factors[j].name, both->second.path),
                        both->second.key,
                        fmt::format("levels of two factors hold in the same cell; the other sets `{}` in {}",
                                    both->first.path, both->first.key.place()),
                        "let one factor set it, make one factor of the two, or list the cells: design = \"list\""});
    }
  }
}

// The factor that a key of `baseline` names; a key without quotes has become nested tables.
const Entry* innermost(const Entry& entry, std::string& path) {
  const Entry* at = &entry;
  path = config::joined(path, entry.key);
  while (at->node.is_table() && at->node.table().size() == 1) {
    at = &at->node.table().front();
    path = config::joined(path, at->key);
  }
  return at;
}

}  // namespace

std::vector<Setting> read_settings(const Node& table, std::vector<Diagnostic>& faults) {
  std::vector<Setting> settings;
  for (const Entry& entry : table.table()) {
    if (keys_to_set(entry.key, entry.key_origin, faults).empty()) continue;
    if (entry.node.is_table()) {
      collect(entry.node, entry.key, settings);
    } else {
      settings.push_back({entry.key, entry.node, entry.key_origin});
    }
  }
  for (std::size_t i = 0; i < settings.size(); ++i) {
    for (std::size_t j = i + 1; j < settings.size(); ++j) {
      if (!overlap(settings[i].path, settings[j].path)) continue;
      faults.push_back({fmt::format("`{}` is set twice", settings[j].path), settings[j].key,
                        fmt::format("`{}` stands in {}", settings[i].path, settings[i].key.place()), "take one out"});
    }
  }
  return settings;
}

std::string content(const std::vector<Setting>& settings) {
  Node tree;
  for (const Setting& setting : settings) tree.table().push_back({setting.path, {}, setting.value});
  return config::to_json(tree);
}

std::vector<Factor> read_factors(const Node& study, const std::string& design, std::vector<Diagnostic>& faults) {
  std::vector<Factor> factors;
  if (const Node* cells = study.find("cells")) {
    faults.push_back({fmt::format("`study.cells` has no place in design = \"{}\"", design), cells->origin,
                      "there the cells follow from the factors", "say design = \"list\", or take the cells out"});
  }
  const Node* table = study.find("factors");
  if (table == nullptr) {
    if (design != "grid") {
      const Node* said = study.find("design");
      faults.push_back({fmt::format("design = \"{}\" without factors", design), said->origin, "nothing would vary",
                        fmt::format("add them below [study.factors], for example `{}`", path_example)});
    }
    return factors;
  }
  if (!table->is_table()) {
    faults.push_back({fmt::format("`study.factors` must be a table, not {}", table->type_name()), table->origin,
                      "each of its keys is the path of a value to vary, or the name of a factor with levels below it",
                      fmt::format("for example `{}`", path_example)});
    return factors;
  }
  for (const Entry& entry : table->table()) {
    if (!entry.node.is_array() && !entry.node.is_table()) {
      faults.push_back({fmt::format("the levels of `{}` must be a list, not {}", entry.key, entry.node.type_name()),
                        entry.node.origin, "a factor is varied over the levels of its list",
                        fmt::format("for example `{}`", path_example)});
      continue;
    }
    const bool empty = entry.node.is_array() ? entry.node.array().empty() : entry.node.table().empty();
    if (empty) {
      faults.push_back(
          {fmt::format("`{}` has no levels", entry.key), entry.node.origin, "nothing would be left to run",
           fmt::format("for example `{}`, or take it out", entry.node.is_array() ? path_example : level_example)});
      continue;
    }
    Factor factor = entry.node.is_array() ? path_factor(entry, faults) : named_factor(entry, faults);
    if (!factor.levels.empty()) factors.push_back(std::move(factor));
  }
  refuse_common_settings(factors, faults);
  return factors;
}

std::vector<std::size_t> read_baseline(const Node& study, const StudyDesign& design, std::vector<Diagnostic>& faults) {
  const std::vector<Factor>& factors = design.factors;
  const bool leaves_out = design.settings.design == "leave_one_out";
  std::vector<std::size_t> levels(factors.size(), 0);
  const Node* baseline = study.find("baseline");
  if (baseline == nullptr) {
    if (!leaves_out) return levels;
    std::vector<std::string> whole;
    for (const Factor& factor : factors) {
      whole.push_back(
          fmt::format("{} = {}", config::as_key(factor.name), config::in_quotes(factor.levels.back().name)));
    }
    faults.push_back(
        {"design = \"leave_one_out\" without a baseline", study.find("design")->origin,
         "the baseline is the whole method, from which one factor at a time is taken back to its first level",
         fmt::format("for example `baseline = {{ {} }}`", fmt::join(whole, ", "))});
    return levels;
  }
  if (!baseline->is_table()) {
    faults.push_back({fmt::format("`study.baseline` must be a table, not {}", baseline->type_name()), baseline->origin,
                      "it names a level of each factor",
                      R"(for example `baseline = { "masking.strategy" = "random" }`)"});
    return levels;
  }
  std::vector<std::string> names;
  for (const Factor& factor : factors) names.push_back(factor.name);
  for (const Entry& entry : baseline->table()) {
    std::string name = entry.key;
    const Entry* said = &entry;
    if (std::find(names.begin(), names.end(), name) == names.end() && entry.node.is_table()) {
      name.clear();
      said = innermost(entry, name);
    }
    const auto factor = std::find(names.begin(), names.end(), name);
    if (factor == names.end()) {
      faults.push_back({fmt::format("`{}` is no factor of this study", name), entry.key_origin,
                        "the baseline names a level of each factor", config::suggestion(name, names)});
      continue;
    }
    const auto index = static_cast<std::size_t>(factor - names.begin());
    std::vector<std::string> known;
    for (const Level& level : factors[index].levels) known.push_back(level.name);
    const auto level = std::find(known.begin(), known.end(), name_of(said->node));
    if (level == known.end()) {
      faults.push_back({fmt::format("{} is no level of `{}`", config::to_text(said->node), name), said->node.origin,
                        fmt::format("its levels are: {}", fmt::join(known, ", ")),
                        config::suggestion(name_of(said->node), known)});
      continue;
    }
    levels[index] = static_cast<std::size_t>(level - known.begin());
  }
  for (std::size_t i = 0; leaves_out && faults.empty() && i < factors.size(); ++i) {
    if (levels[i] != 0) continue;
    faults.push_back(
        {fmt::format("nothing of `{}` can be left out", factors[i].name), baseline->origin,
         fmt::format("the baseline has its first level, `{}`, and the first level is what stays when it is "
                     "left out",
                     factors[i].levels.front().name),
         "name another level in the baseline, or put the level without it first"});
  }
  return levels;
}

}  // namespace vaso::experiment
