#include "study_plan.hpp"

#include "component_settings.hpp"
#include "experiment/downstream.hpp"
#include "experiment/plan.hpp"
#include "host_defaults.hpp"
#include "worker_query.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

using Json = nlohmann::json;

// What two runs have in common: a segmentor that two cells share is named by neither's masking strategy.
std::vector<std::string> common_levels(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> common;
  for (const std::string& level : a) {
    if (std::find(b.begin(), b.end(), level) != b.end()) common.push_back(level);
  }
  return common;
}

std::string label_of(const PlannedRun& run) {
  std::vector<std::string> words;
  if (!run.task.empty()) words.push_back("downstream.task=" + run.task);
  words.insert(words.end(), run.levels.begin(), run.levels.end());
  return fmt::format("{}", fmt::join(words, " "));
}

// The content of a weights file stands in for the identity of the run that made it: other weights make another run, a
// moved file does not.
std::string file_identity(const config::Node& tree, const std::string& path) {
  const config::Node* node = tree.find(path);
  const auto* name = node == nullptr ? nullptr : std::get_if<std::string>(&node->value);
  if (name == nullptr || name->empty()) return {};
  return fs::is_regular_file(*name) ? "file " + runs::sha256_file(*name) : std::string();
}

// Where a run's first weights come from.
struct Source {
  std::optional<std::size_t> run;  // of the plan
  std::string identity;            // of that run, or of a file; "" = none
};

void remove_key(config::Node& tree, const std::string& key) {
  std::erase_if(tree.table(), [&](const config::Entry& entry) { return entry.key == key; });
}

std::vector<runs::PluginUsed> plugins_of(const Json& phase) {
  std::vector<runs::PluginUsed> plugins;
  for (const Json& plugin : phase.at("plugins")) {
    plugins.push_back(
        {plugin.value("id", ""), plugin.value("version", ""), plugin.value("file", ""), plugin.value("sha256", "")});
  }
  return plugins;
}

// What a phase builds on: a segmentor for pretrain, an encoder for finetune; given by file or made by an earlier phase.
Source source_of(const StudyPlan& plan, const PlannedRun& run, const Json& answer,
                 const std::map<std::string, std::size_t>& made) {
  const std::string builds_on = run.phase == "pretrain" ? "segmentor" : answer.value("builds_on", "");
  if (builds_on.empty()) return {};
  const std::string file = run.phase == "pretrain"
                               ? file_identity(run.tree, "segmentor.weights")
                               : file_identity(run.tree, fmt::format("downstream.{}.weights", run.task));
  if (!file.empty()) return {std::nullopt, file};
  const auto earlier = made.find(builds_on);
  if (earlier == made.end()) return {};
  return {earlier->second, plan.runs[earlier->second].identity};
}

// Adds the phases of a cell with one seed to the plan; equal runs of other cells are shared.
void add_cell(StudyPlan& plan, const experiment::Cell& cell, const Json& phases) {
  std::map<std::string, std::size_t> made;  // by phase: what later phases of this cell build on
  for (const Json& answer : phases) {
    PlannedRun run;
    run.phase = answer.at("phase");
    run.task = answer.value("task", "");
    run.levels = cell.levels;
    run.label = label_of(run);
    run.tree = run.task.empty() ? cell.tree : experiment::with_task(cell.tree, run.task);
    // A network without encoder does not depend on which one the experiment describes.
    if (run.phase == "finetune" && !answer.value("encoder", true)) remove_key(run.tree, "model");
    run.fingerprint = answer.value("data_fingerprint", "");
    run.images = answer.value("images", std::int64_t{0});
    run.steps = answer.value("steps", std::int64_t{0});
    run.plugins = plugins_of(answer);
    const Source source = source_of(plan, run, answer, made);
    run.parent = source.run;
    run.identity = experiment::identity(run.tree, run.phase, run.fingerprint, run.plugins, source.identity);

    plan.record.runs.push_back({cell.cell, cell.seed, run.phase, run.task, run.identity});
    const auto equal = std::find_if(plan.runs.begin(), plan.runs.end(),
                                    [&](const PlannedRun& other) { return other.identity == run.identity; });
    const auto index = static_cast<std::size_t>(equal - plan.runs.begin());
    made[run.phase] = index;
    if (equal != plan.runs.end()) {
      equal->levels = common_levels(equal->levels, run.levels);
      equal->label = label_of(*equal);
    } else {
      plan.runs.push_back(std::move(run));
    }
  }
}

// The design as the database keeps it.
runs::StudyRecord record_of(const experiment::StudyDesign& study, const fs::path& file) {
  runs::StudyRecord record;
  record.question = study.settings.question;
  record.design = study.settings.design;
  record.file = fs::absolute(file).lexically_normal();
  record.seeds = study.settings.seeds;
  for (const experiment::Factor& factor : study.factors) {
    runs::StudyFactor& kept = record.factors.emplace_back();
    kept.name = factor.name;
    for (const experiment::Level& level : factor.levels) {
      runs::StudyLevel& kept_level = kept.levels.emplace_back();
      kept_level.name = level.name;
      for (const experiment::Setting& setting : level.settings) {
        kept_level.settings.emplace_back(setting.path, config::to_text(setting.value));
      }
    }
  }
  for (const experiment::StudyCell& cell : study.cells) {
    runs::StudyCell& kept = record.cells.emplace_back();
    kept.name = cell.name;
    kept.baseline = cell.baseline;
    for (std::size_t i = 0; i < cell.levels.size(); ++i) {
      kept.levels.push_back(study.factors[i].levels[cell.levels[i]].name);
    }
  }
  return record;
}

std::vector<std::string> varied_paths(const experiment::StudyDesign& study) {
  std::vector<std::string> paths;
  const auto add = [&](const std::vector<experiment::Setting>& settings) {
    for (const experiment::Setting& setting : settings) {
      if (std::find(paths.begin(), paths.end(), setting.path) == paths.end()) paths.push_back(setting.path);
    }
  };
  for (const experiment::Factor& factor : study.factors) {
    for (const experiment::Level& level : factor.levels) add(level.settings);
  }
  if (study.settings.design == "list") {
    for (const experiment::StudyCell& cell : study.cells) add(cell.settings);
  }
  return paths;
}

// Texts of the completed cells that are paths by now, with the place that set them.
void collect_paths(const config::Node& node, std::set<std::pair<std::string, std::string>>& paths) {
  if (const auto* text = std::get_if<std::string>(&node.value)) {
    if (fs::path(*text).is_absolute()) paths.emplace(node.origin.place(), *text);
  } else if (node.is_table()) {
    for (const config::Entry& entry : node.table()) collect_paths(entry.node, paths);
  } else if (node.is_array()) {
    for (const config::Node& element : node.array()) collect_paths(element, paths);
  }
}

// Only components know which of their values are paths, and only cells have components: what became absolute there
// becomes absolute here.
void make_paths_absolute(config::Node& node, const std::set<std::pair<std::string, std::string>>& paths) {
  if (auto* text = std::get_if<std::string>(&node.value)) {
    if (text->empty()) return;
    if (const std::string whole = absolute_path(node); paths.contains({node.origin.place(), whole})) *text = whole;
  } else if (node.is_table()) {
    for (config::Entry& entry : node.table()) make_paths_absolute(entry.node, paths);
  } else if (node.is_array()) {
    for (config::Node& element : node.array()) make_paths_absolute(element, paths);
  }
}

}  // namespace

const char* to_text(PlannedRun::Action action) {
  switch (action) {
    case PlannedRun::Action::start:
      return "start";
    case PlannedRun::Action::reuse:
      return "reuse";
    case PlannedRun::Action::resume:
      return "resume";
    case PlannedRun::Action::leave:
      return "leave";
    case PlannedRun::Action::blocked:
      return "wait";
  }
  return "";
}

StudyPlan plan_study(const fs::path& file, const Common& common) {
  config::Node root = config::load(file, common.overrides);
  const experiment::StudyDesign study = experiment::read_study(root);
  std::vector<experiment::Cell> cells = experiment::expand(root, study);

  std::vector<std::string> question = {"check", file, "--components"};
  for (const std::string& word : common.for_worker()) question.push_back(word);
  const Answer answer = ask_worker(question, common.quiet);

  StudyPlan plan;
  plan.code = answer.code;
  if (plan.code != 0) return plan;
  plan.workers = study.settings.workers;
  plan.factors = varied_paths(study);
  plan.record = record_of(study, file);

  const Json checked = Json::parse(answer.json);
  plan.shape = checked.value("shape", "");
  const Json& answers = checked.at("cells");
  if (answers.size() != cells.size()) {
    throw std::runtime_error(fmt::format("vaso sees {} cells in {}, vaso-worker {}: they are not of one build",
                                         cells.size(), file.string(), answers.size()));
  }
  const ComponentSettings components(checked.at("components"));
  std::set<std::pair<std::string, std::string>> paths;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    cells[i].tree = with_host_defaults(std::move(cells[i].tree), file);
    components.complete(cells[i].tree);
    collect_paths(cells[i].tree, paths);
    plan.experiment = std::get<std::string>(cells[i].tree.find("name")->value);
    add_cell(plan, cells[i], answers[i].at("phases"));
  }
  plan.record.name = plan.experiment;
  if (plan.record.seeds.empty()) plan.record.seeds = {cells.front().seed};
  for (runs::StudyCell& cell : plan.record.cells) {
    if (cell.name.empty()) cell.name = plan.experiment;
  }
  root.set("name", config::Node(plan.experiment, {}));
  make_paths_absolute(root, paths);
  plan.record.config_toml = config::to_toml(root, false);
  return plan;
}

void decide(PlannedRun& run, std::optional<runs::Run> existing, const Policy& policy) {
  using Action = PlannedRun::Action;
  run.action = Action::start;
  run.existing = std::move(existing);
  if (!run.existing || policy.again) return;
  switch (run.existing->status) {
    case runs::Status::finished:
      // Somebody may have cleared the folder to gain space: then the row is history, and the weights have to be made
      // anew.
      if (fs::exists(fs::path(run.existing->folder) / weights_file(run.phase))) run.action = Action::reuse;
      break;
    case runs::Status::running:
      run.action = Action::blocked;
      break;
    case runs::Status::failed:
      run.action = policy.keep_failed ? Action::leave : policy.resume ? Action::resume : Action::start;
      break;
    case runs::Status::planned:
    case runs::Status::interrupted:
      if (policy.resume) run.action = Action::resume;
      break;
  }
}

void decide(StudyPlan& plan, const runs::Store& store, const Policy& policy) {
  const std::map<std::string, std::int64_t> standing = store.standing_for_identity();
  for (PlannedRun& run : plan.runs) {
    const auto equal = standing.find(run.identity);
    decide(run, equal == standing.end() ? std::nullopt : store.get(equal->second), policy);
  }
}

std::string weights_file(const std::string& phase) {
  return phase == "segmentor"  ? "segmentor.safetensors"
         : phase == "pretrain" ? "encoder.safetensors"
                               : "model.safetensors";
}

}  // namespace vaso::cli
