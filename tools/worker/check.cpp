// Finds every fault that a run would find, before it starts.
#include "verbs.hpp"

#include "config/binding.hpp"
#include "describe_components.hpp"
#include "exit_codes.hpp"
#include "experiment/downstream.hpp"
#include "experiment/plan.hpp"
#include "train/device.hpp"
#include "train/finetune_parts.hpp"
#include "train/pretrain_parts.hpp"
#include "train/segmentor.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace vaso::worker {
namespace {

nlohmann::json plugins_of(const std::vector<const train::Choice*>& choices) {
  std::set<const plugins::Found*> seen;
  nlohmann::json list = nlohmann::json::array();
  for (const train::Choice* choice : choices) {
    if (choice->component == nullptr || !seen.insert(choice->component->plugin).second) continue;
    const plugins::Found& plugin = *choice->component->plugin;
    list.push_back({{"id", plugin.card.id},
                    {"version", plugin.card.version},
                    {"file", plugin.file.string()},
                    {"sha256", plugin.sha256()}});
  }
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.at("id") < b.at("id"); });
  return list;
}

nlohmann::json phase_summary(const std::string& phase, const train::Recipe& recipe, const train::Images& images,
                             std::int64_t steps) {
  std::vector<const train::Choice*> choices = {&recipe.dataset, &recipe.objective, &recipe.masking};
  for (const auto& [name, choice] : recipe.guidance) choices.push_back(&choice);
  for (const auto& loss : recipe.losses) choices.push_back(&loss.choice);
  return {{"phase", phase},
          {"data_fingerprint", images.fingerprint},
          {"images", images.count},
          {"steps", steps},
          {"plugins", plugins_of(choices)}};
}

nlohmann::json task_summary(const train::FinetuneParts& parts) {
  return {{"phase", "finetune"},
          {"task", parts.recipe.name},
          {"encoder", parts.uses_encoder()},
          {"builds_on", parts.wants_pretrained() ? "pretrain" : ""},
          {"data_fingerprint", parts.fingerprint},
          {"images", static_cast<std::int64_t>(parts.train.size())},
          {"steps", parts.steps_per_epoch() * parts.recipe.task.epochs},
          {"plugins", plugins_of({&parts.recipe.dataset, &parts.recipe.head})}};
}

// Every task of the cell, or those faults that all of them have.
void check_tasks(const config::Node& cell, PluginHost& host, bool pretrains, nlohmann::json& phases,
                 std::vector<config::Diagnostic>& faults) {
  const std::vector<std::string> tasks = experiment::downstream_tasks(cell);
  if (tasks.empty()) {
    faults.push_back({"phase `finetune` has nothing to do", cell.origin, "there is no [downstream.NAME]",
                      "add a task, for example\n  [downstream.vessels]\n  dataset = \"phantom\"\n"
                      "  head = \"vessel_segmentation\""});
  }
  for (const std::string& task : tasks) {
    const config::Node tree = experiment::with_task(cell, task);
    const std::size_t before = faults.size();
    const train::FinetuneParts parts = train::fit_finetune(tree, host, pretrains, faults);
    if (faults.size() == before) phases.push_back(task_summary(parts));
  }
}

// "vit_ti: 192 wide, 12 blocks, 3 heads; 224 px in patches of 16 are 196 tokens; 5.5 million parameters (weights,
// gradients and AdamW's moments: 84 MiB); 2.5 GFLOP to encode an image"
std::string encoder_text(const config::Node& cell) {
  experiment::Model settings;
  Schema schema;
  settings.describe(schema);
  std::set<std::string> used;
  std::vector<config::Diagnostic> reported_elsewhere;
  if (const config::Node* table = cell.find("model"); table != nullptr && table->is_table()) {
    config::bind(*table, schema, "[model]", used, reported_elsewhere);
  }
  const RunShape shape = train::encoder_shape(settings);
  const auto d = static_cast<double>(shape.encoder_dim);
  const double block = 12 * d * d + 13 * d;  // qkv, projection, a four times wider MLP, two norms
  const double rest = d * static_cast<double>(shape.patch_values() + shape.tokens() + 5);
  const double parameters = static_cast<double>(shape.encoder_depth) * block + rest;
  // All patches and the class token, forward; a multiplication and an addition are two.
  const auto tokens = static_cast<double>(shape.tokens() + 1);
  const double operations = static_cast<double>(shape.encoder_depth) * (24 * tokens * d * d + 4 * tokens * tokens * d) +
                            2 * static_cast<double>(shape.tokens() * shape.patch_values()) * d;
  return fmt::format(
      "{}: {} wide, {} blocks, {} heads; {} px in patches of {} are {} tokens; {:.1f} million parameters (weights, "
      "gradients and AdamW's moments: {:.0f} MiB); {:.2g} GFLOP to encode an image",
      settings.encoder, shape.encoder_dim, shape.encoder_depth, shape.encoder_heads, shape.image_size, shape.patch_size,
      shape.tokens(), parameters / 1e6, parameters * 16 / (1 << 20), operations / 1e9);
}

nlohmann::json check_cell(const experiment::Cell& cell, PluginHost& host, std::vector<config::Diagnostic>& faults) {
  experiment::General general;
  Schema schema;
  general.describe(schema);
  std::set<std::string> used;
  std::vector<config::Diagnostic> ignored;  // reported again by read_recipe
  config::bind(cell.tree, schema, "the top level", used, ignored);
  nlohmann::json phases = nlohmann::json::array();
  bool has_segmentor = false;
  if (const config::Node* weights = cell.tree.find("segmentor.weights")) {
    const auto* text = std::get_if<std::string>(&weights->value);
    has_segmentor = text != nullptr && !text->empty();
  }
  bool pretrains = false;
  for (const std::string& phase : general.phases) {
    if (phase == "finetune") {
      check_tasks(cell.tree, host, pretrains, phases, faults);
      if (!faults.empty()) return {};
    } else if (phase == "segmentor") {
      const train::SegmentorParts parts = train::fit_segmentor(cell.tree, host, faults);
      if (!faults.empty()) return {};
      phases.push_back(phase_summary(phase, parts.recipe, parts.images,
                                     parts.batches_per_epoch() * parts.recipe.settings.segmentor.epochs));
      has_segmentor = true;
    } else {
      const train::PretrainParts parts = train::fit_parts(cell.tree, host, has_segmentor, faults);
      if (!faults.empty()) return {};
      phases.push_back(phase_summary(phase, parts.recipe, parts.images,
                                     parts.steps_per_epoch() * parts.recipe.settings.pretrain.epochs));
      pretrains = true;
    }
  }
  try {
    train::choose_device(general.device);
  } catch (const std::exception& error) {
    const config::Node* node = cell.tree.find("device");
    faults.push_back({fmt::format("device = \"{}\" cannot be used", general.device),
                      node == nullptr ? cell.tree.origin : node->origin, error.what(), ""});
  }
  return {{"label", cell.label()}, {"phases", phases}};
}

}  // namespace

int check(const Options& options, const EventSink& events) {
  if (options.arguments.size() != 1) throw std::invalid_argument("check wants one experiment file");
  const config::Node root = config::load(options.arguments[0], options.set);
  PluginHost host = open_plugins(options, root);
  nlohmann::json cells = nlohmann::json::array();
  std::set<std::string> said;  // cells share most of their settings, and so their faults
  for (const experiment::Cell& cell : experiment::expand(root)) {
    std::vector<config::Diagnostic> faults;
    cells.push_back(check_cell(cell, host, faults));
    for (const auto& fault : faults) {
      const std::string text = config::render(fault, options.colours);
      if (said.insert(text).second) events.fault(text, exit_configuration);
    }
  }
  if (!said.empty()) return exit_configuration;
  nlohmann::json answer{{"cells", cells}, {"shape", encoder_text(root)}};
  if (options.components) answer["components"] = describe_components(host, host.catalogue().components());
  events.result(answer.dump());
  return exit_ok;
}

}  // namespace vaso::worker
