#include "study_plan.hpp"

#include "component_settings.hpp"
#include "experiment/downstream.hpp"
#include "experiment/plan.hpp"
#include "host_defaults.hpp"
#include "worker_query.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <sstream>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

using Json = nlohmann::json;

// Paths of the lists below [study.factors]; a dotted key may have become nested tables.
void collect_factors(const config::Node& node, const std::string& prefix, std::vector<std::string>& paths) {
  if (!node.is_table()) {
    paths.push_back(prefix);
    return;
  }
  for (const config::Entry& entry : node.table()) {
    collect_factors(entry.node, prefix.empty() ? entry.key : prefix + "." + entry.key, paths);
  }
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// The levels that two labels have in common: a segmentor that two cells share is named by neither's masking strategy.
std::string common_label(const std::string& a, const std::string& b) {
  const std::vector<std::string> others = words_of(b);
  std::string label;
  for (const std::string& word : words_of(a)) {
    if (std::find(others.begin(), others.end(), word) == others.end()) continue;
    label += (label.empty() ? "" : " ") + word;
  }
  return label;
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

// Adds one cell's phases to the plan; equal runs of other cells are shared.
void add_cell(StudyPlan& plan, const config::Node& tree, const std::string& label, const Json& phases) {
  std::map<std::string, std::size_t> made;  // by phase: what later phases of this cell build on
  for (const Json& answer : phases) {
    PlannedRun run;
    run.phase = answer.at("phase");
    run.task = answer.value("task", "");
    run.label =
        run.task.empty() ? label : fmt::format("downstream.task={}{}{}", run.task, label.empty() ? "" : " ", label);
    run.tree = run.task.empty() ? tree : experiment::with_task(tree, run.task);
    // A network without encoder does not depend on which one the experiment describes.
    if (run.phase == "finetune" && !answer.value("encoder", true)) remove_key(run.tree, "model");
    run.fingerprint = answer.value("data_fingerprint", "");
    run.images = answer.value("images", std::int64_t{0});
    run.steps = answer.value("steps", std::int64_t{0});
    run.plugins = plugins_of(answer);
    const Source source = source_of(plan, run, answer, made);
    run.parent = source.run;
    run.identity = experiment::identity(run.tree, run.phase, run.fingerprint, run.plugins, source.identity);

    const auto equal = std::find_if(plan.runs.begin(), plan.runs.end(),
                                    [&](const PlannedRun& other) { return other.identity == run.identity; });
    const auto index = static_cast<std::size_t>(equal - plan.runs.begin());
    made[run.phase] = index;
    if (equal != plan.runs.end()) {
      equal->label = common_label(equal->label, run.label);
    } else {
      plan.runs.push_back(std::move(run));
    }
  }
}

// A finished one before a newer one that was repeated with --again and failed.
std::optional<runs::Run> equal_run(const runs::Store& store, const std::vector<runs::Run>& all,
                                   const std::string& identity) {
  const runs::Run* best = nullptr;
  for (const runs::Run& run : all) {  // newest last
    if (run.identity != identity) continue;
    if (best == nullptr || run.status == runs::Status::finished || best->status != runs::Status::finished) best = &run;
  }
  return best == nullptr ? std::nullopt : store.get(best->id);  // `all` leaves the long columns out
}

}  // namespace

StudyPlan plan_study(const fs::path& file, const Common& common) {
  const config::Node root = config::load(file, common.overrides);
  std::vector<experiment::Cell> cells = experiment::expand(root);

  std::vector<std::string> question = {"check", file};
  for (const std::string& word : common.for_worker()) question.push_back(word);
  const Answer answer = ask_worker(question, common.quiet);

  StudyPlan plan;
  plan.code = answer.code;
  if (plan.code != 0) return plan;
  if (const config::Node* factors = root.find("study.factors")) collect_factors(*factors, "", plan.factors);

  const Json checked = Json::parse(answer.json);
  plan.shape = checked.value("shape", "");
  const Json& answers = checked.at("cells");
  if (answers.size() != cells.size()) {
    throw std::runtime_error(fmt::format("vaso sees {} cells in {}, vaso-worker {}: they are not of one build",
                                         cells.size(), file.string(), answers.size()));
  }
  const ComponentSettings components(common);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    config::Node tree = with_host_defaults(std::move(cells[i].tree), file);
    components.complete(tree);
    plan.experiment = std::get<std::string>(tree.find("name")->value);
    add_cell(plan, tree, cells[i].label, answers[i].at("phases"));
  }
  return plan;
}

void decide(StudyPlan& plan, const runs::Store& store, bool resume, bool again) {
  using Action = PlannedRun::Action;
  const std::vector<runs::Run> all = store.all();
  for (PlannedRun& run : plan.runs) {
    run.action = Action::start;
    run.existing = equal_run(store, all, run.identity);
    if (!run.existing || again) continue;
    switch (run.existing->status) {
      case runs::Status::finished:
        // Somebody may have cleared the folder to gain space: then the row is history, and the weights have to be made
        // anew.
        if (fs::exists(fs::path(run.existing->folder) / weights_file(run.phase))) run.action = Action::reuse;
        break;
      case runs::Status::running:
        run.action = Action::blocked;
        break;
      case runs::Status::planned:
      case runs::Status::failed:
      case runs::Status::interrupted:
        if (resume) run.action = Action::resume;
        break;
    }
  }
}

std::string weights_file(const std::string& phase) {
  return phase == "segmentor"  ? "segmentor.safetensors"
         : phase == "pretrain" ? "encoder.safetensors"
                               : "model.safetensors";
}

}  // namespace vaso::cli
