#include "train/trained_model.hpp"

#include "model/weights.hpp"
#include "train/safetensors.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace vaso::train {
namespace {

using config::Entry;
using config::Node;

constexpr const char* format_name = "vasolab-model-1";

// What the networks depend on. The data set's own table names folders of the machine that it was trained on, and is not
// needed to apply the model.
Node for_prediction(const Node& cell, const FinetuneRecipe& recipe) {
  Node kept;
  for (const char* key : {"seed", "precision", "model", "views", "downstream"}) {
    if (const Node* value = cell.find(key)) kept.set(key, *value);
  }
  Node& task = kept.find("downstream")->table().front().node;
  std::erase_if(task.table(), [&](const Entry& entry) {
    return entry.key == "weights" || (entry.key == recipe.task.dataset && entry.node.is_table());
  });
  return kept;
}

const std::string& metadata(const TensorFile& content, const std::string& key, const std::filesystem::path& file) {
  const auto found = content.metadata.find(key);
  if (found == content.metadata.end()) {
    throw CheckpointError(
        fmt::format("{} is no fine-tuned model: its metadata has no `{}`\n"
                    "  name model.safetensors of a run of phase finetune",
                    file.string(), key));
  }
  return found->second;
}

}  // namespace

void save_model(const std::filesystem::path& file, const Node& cell, const FinetuneParts& parts,
                const FinetuneNetwork& network) {
  write_safetensors(file, {network.state(),
                           {{"format", format_name},
                            {"settings", config::to_toml(for_prediction(cell, parts.recipe), false)},
                            {"labels", nlohmann::json(parts.labels).dump()}}});
}

TrainedModel::TrainedModel(const std::filesystem::path& file, PluginHost& host) {
  const TensorFile content = read_safetensors(file);
  if (metadata(content, "format", file) != format_name) {
    throw CheckpointError(fmt::format("{} has the format {}; only {} can be applied to images", file.string(),
                                      metadata(content, "format", file), format_name));
  }
  cell_ = config::parse(metadata(content, "settings", file), file.string());
  labels_ = nlohmann::json::parse(metadata(content, "labels", file)).get<std::vector<std::string>>();
  std::vector<config::Diagnostic> faults;
  recipe_ = read_finetune_recipe(cell_, host, faults);
  if (!faults.empty()) throw config::ConfigError(std::move(faults));
  head_ = make<Head>(recipe_.head, recipe_.shape);
  network_ = std::make_unique<FinetuneNetwork>(recipe_, *head_, labels_);
  try {
    network_->set_state(content.tensors);
  } catch (const model::WeightError& error) {
    throw CheckpointError(fmt::format("{}: {}", file.string(), error.what()));
  }
}

}  // namespace vaso::train
