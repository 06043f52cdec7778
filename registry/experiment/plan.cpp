#include "experiment/plan.hpp"

#include "config/path.hpp"
#include "experiment/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace vaso::experiment {
namespace {

using config::ConfigError;
using config::Diagnostic;
using config::Entry;
using config::Node;

constexpr std::size_t most_cells = 10'000;  // a grid beyond it is a slip, and would fill the memory before it ran

struct Factor {
  std::string path;
  Node::Array levels;
};

void remove(Node& table, std::string_view key) {
  std::erase_if(table.table(), [&](const Entry& entry) { return entry.key == key; });
}

// A level as it stands in a label: text without quotes where it has no blanks.
std::string level_text(const Node& level) {
  const std::string* text = std::get_if<std::string>(&level.value);
  const bool plain = text != nullptr && !text->empty() && text->find_first_of(" \t\r\n\"=") == std::string::npos;
  return plain ? *text : config::to_text(level);
}

// A list of levels: not empty, none twice.
const Node::Array& levels_of(const std::string& name, const Node& node, const char* example) {
  if (!node.is_array()) {
    throw ConfigError({fmt::format("the levels of `{}` must be a list, not {}", name, node.type_name()), node.origin,
                       node.is_table() ? "a factor is the dotted path of one value, in quotes"
                                       : "a factor is varied over the levels of its list",
                       fmt::format("for example `{}`", example)});
  }
  if (node.array().empty()) {
    throw ConfigError({fmt::format("`{}` has no levels", name), node.origin, "an empty list leaves nothing to run",
                       fmt::format("for example `{}`, or take it out", example)});
  }
  std::set<std::string> seen;
  for (const Node& level : node.array()) {
    if (!seen.insert(config::to_json(level)).second) {
      throw ConfigError({fmt::format("`{}` has the level {} twice", name, config::to_text(level)), level.origin,
                         "the same run would stand in the plan twice", "take one out"});
    }
  }
  return node.array();
}

constexpr const char* factor_example = R"("masking.strategy" = ["random", "anatomy"])";

std::vector<Factor> factors_of(const Node& study) {
  const Node* table = study.find("factors");
  if (table == nullptr) return {};
  if (!table->is_table()) {
    throw ConfigError({fmt::format("`study.factors` must be a table, not {}", table->type_name()), table->origin,
                       "each of its keys is the path of a value to vary",
                       fmt::format("for example `{}`", factor_example)});
  }
  std::vector<Factor> factors;
  for (const Entry& entry : table->table()) {
    std::string fault;
    const std::vector<std::string> keys = config::split_path(entry.key, fault);
    if (keys.empty() || keys.front() == "study") {
      throw ConfigError({fmt::format("`{}` cannot be a factor", entry.key), entry.key_origin,
                         keys.empty() ? fault : "a study does not vary itself",
                         fmt::format("for example `{}`", factor_example)});
    }
    factors.push_back({entry.key, levels_of(entry.key, entry.node, factor_example)});
  }
  return factors;
}

// The seeds as one more factor, which varies fastest. Empty where the study names none.
std::vector<Factor> seeds_of(const Node& study, const std::vector<Factor>& factors) {
  const Node* seeds = study.find("seeds");
  if (seeds == nullptr || (seeds->is_array() && seeds->array().empty())) return {};
  const Node::Array& levels = levels_of("study.seeds", *seeds, "seeds = [1, 2, 3]");
  for (const Node& level : levels) {
    const auto* seed = std::get_if<std::int64_t>(&level.value);
    if (seed == nullptr || *seed < 0) {
      throw ConfigError({fmt::format("{} is no seed", config::to_text(level)), level.origin,
                         "seeds are integers from 0", "for example `seeds = [1, 2, 3]`"});
    }
  }
  if (std::any_of(factors.begin(), factors.end(), [](const Factor& factor) { return factor.path == "seed"; })) {
    throw ConfigError({"`seed` is varied twice", seeds->origin, "by `study.seeds` and as a factor", "take one out"});
  }
  return {{"seed", levels}};
}

}  // namespace

std::vector<Cell> expand(const Node& root) {
  Cell plain{root, ""};
  remove(plain.tree, "study");
  const Node* study = root.find("study");
  if (study == nullptr) return {std::move(plain)};
  if (!study->is_table()) {
    throw ConfigError({fmt::format("`study` must be a table, not {}", study->type_name()), study->origin,
                       "it holds `seeds` and the table `factors`", "begin it with the line `[study]`"});
  }
  std::vector<Factor> factors = factors_of(*study);
  for (Factor& seeds : seeds_of(*study, factors)) factors.push_back(std::move(seeds));

  std::vector<Cell> cells = {std::move(plain)};
  for (const Factor& factor : factors) {
    if (cells.size() * factor.levels.size() > most_cells) {
      throw ConfigError({fmt::format("the study has more than {} cells", most_cells), study->origin,
                         "every combination of levels and seeds is a run", "vary fewer factors at a time"});
    }
    std::vector<Cell> grid;
    for (const Cell& cell : cells) {
      for (const Node& level : factor.levels) {
        grid.push_back(cell);
        grid.back().tree.set(factor.path, level);
        grid.back().label += fmt::format("{}{}={}", cell.label.empty() ? "" : " ", factor.path, level_text(level));
      }
    }
    cells = std::move(grid);
  }
  return cells;
}

namespace {

// The sub-tables of [guidance] that a component reads: its own, and those of the components it names ("sources of a
// mixture"), however far that goes.
Node guidance_of(const Node& guidance, const std::string& filter) {
  std::set<std::string> wanted;
  std::vector<std::string> open = {filter};
  while (!open.empty()) {
    const std::string name = std::move(open.back());
    open.pop_back();
    const auto entry = std::find_if(guidance.table().begin(), guidance.table().end(),
                                    [&](const Entry& candidate) { return candidate.key == name; });
    if (entry == guidance.table().end() || !entry->node.is_table() || !wanted.insert(name).second) continue;
    const auto follow = [&](const Node& value) {
      if (const auto* text = std::get_if<std::string>(&value.value)) open.push_back(*text);
    };
    for (const Entry& parameter : entry->node.table()) {
      follow(parameter.node);
      if (!parameter.node.is_array()) continue;
      for (const Node& element : parameter.node.array()) follow(element);
    }
  }
  Node out;
  for (const Entry& entry : guidance.table()) {
    if (entry.key == "filter" || wanted.contains(entry.key)) out.table().push_back(entry);
  }
  return out;
}

Node relevant_to_segmentor(const Node& cell) {
  Node out;
  for (const Entry& entry : cell.table()) {
    if (entry.key == "guidance" && entry.node.is_table()) {
      const Node* filter = entry.node.find("filter");
      const auto* name = filter != nullptr ? std::get_if<std::string>(&filter->value) : nullptr;
      out.table().push_back({entry.key, entry.key_origin, guidance_of(entry.node, name ? *name : Guidance{}.filter)});
    } else if (std::set<std::string_view>{"seed", "device", "precision", "threads", "data", "views", "segmentor"}
                   .contains(entry.key)) {
      out.table().push_back(entry);
    }
  }
  return out;
}

// The task's settings stand directly below `downstream`, with its name beside them: rows of different tasks then group
// by the same paths.
Node relevant_to_finetune(const Node& cell) {
  Node out;
  for (const Entry& entry : cell.table()) {
    if (entry.key == "downstream" && entry.node.is_table()) {
      if (entry.node.table().size() != 1) throw std::invalid_argument("a fine-tuning has one task: see with_task()");
      const Entry& task = entry.node.table().front();
      Node settings = task.node;
      for (const char* key : {"pictures", "test_pictures"}) remove(settings, key);
      settings.set("task", Node(task.key, task.key_origin));
      out.table().push_back({entry.key, entry.key_origin, std::move(settings)});
    } else if (std::set<std::string_view>{"seed", "device", "precision", "threads", "model"}.contains(entry.key)) {
      out.table().push_back(entry);
    } else if (entry.key == "views" && entry.node.is_table()) {
      Node views;
      for (const Entry& setting : entry.node.table()) {
        if (setting.key == "mean" || setting.key == "deviation") views.table().push_back(setting);
      }
      out.table().push_back({entry.key, entry.key_origin, std::move(views)});
    }
  }
  return out;
}

// Settings that change nothing but what a run shows, or how fast it goes.
void remove_harmless(Node& out) {
  if (Node* data = out.find("data"); data != nullptr && data->is_table()) remove(*data, "workers");
  if (Node* pretrain = out.find("pretrain"); pretrain != nullptr && pretrain->is_table()) {
    for (const char* key : {"checkpoint_minutes", "pictures"}) remove(*pretrain, key);
  }
}

}  // namespace

Node relevant(const Node& cell, const std::string& phase) {
  Node out;
  if (phase == "segmentor") {
    out = relevant_to_segmentor(cell);
  } else if (phase == "finetune") {
    out = relevant_to_finetune(cell);
  } else if (phase == "pretrain") {
    out = cell;
    for (const char* key : {"study", "name", "phases", "plugins", "downstream"}) remove(out, key);
  } else {
    throw std::invalid_argument(fmt::format("no phase is called \"{}\"", phase));
  }
  remove_harmless(out);
  return out;
}

std::string identity(const Node& cell, const std::string& phase, const std::string& data_fingerprint,
                     const std::vector<runs::PluginUsed>& plugins, const std::string& parent_identity) {
  std::set<std::string> digests;
  for (const runs::PluginUsed& plugin : plugins) digests.insert(plugin.sha256);
  return runs::sha256(fmt::format("phase {}\nsettings {}\ndata {}\nplugins {}\nparent {}\n", phase,
                                  config::to_json(relevant(cell, phase)), data_fingerprint, fmt::join(digests, " "),
                                  parent_identity));
}

}  // namespace vaso::experiment
