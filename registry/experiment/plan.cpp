#include "experiment/plan.hpp"

#include "experiment/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace vaso::experiment {
namespace {

using config::Entry;
using config::Node;

void remove(Node& table, std::string_view key) {
  std::erase_if(table.table(), [&](const Entry& entry) { return entry.key == key; });
}

}  // namespace

std::string Cell::label() const { return fmt::format("{}", fmt::join(levels, " ")); }

std::vector<Cell> expand(const Node& root, const StudyDesign& study) {
  const Node* seeds = root.find("study.seeds");
  Node plain = root;
  remove(plain, "study");
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < study.cells.size(); ++i) {
    const StudyCell& combination = study.cells[i];
    Cell cell{plain, {}, i, 0};
    for (const Setting& setting : combination.settings) apply(setting, cell.tree);
    for (std::size_t f = 0; f < combination.levels.size(); ++f) {
      const Factor& factor = study.factors[f];
      cell.levels.push_back(level_label(factor.name, factor.levels[combination.levels[f]].name));
    }
    if (study.settings.design == "list") cell.levels.push_back(level_label("cell", combination.name));
    if (study.settings.seeds.empty()) {
      const Node* seed = cell.tree.find("seed");
      const auto* number = seed == nullptr ? nullptr : std::get_if<std::int64_t>(&seed->value);
      cell.seed = number == nullptr ? General{}.seed : *number;
      cells.push_back(std::move(cell));
      continue;
    }
    for (const Node& seed : seeds->array()) {
      cells.push_back(cell);
      cells.back().tree.set("seed", seed);
      cells.back().seed = std::get<std::int64_t>(seed.value);
      cells.back().levels.push_back(fmt::format("seed={}", cells.back().seed));
    }
  }
  return cells;
}

std::vector<Cell> expand(const Node& root) { return expand(root, read_study(root)); }

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
