// A fine-tuned model in one file: weights, and all that is needed to make the networks again.
#pragma once

#include "config/tree.hpp"
#include "train/finetune_network.hpp"
#include "train/finetune_parts.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace vaso::train {

// Writes "encoder.…" and "head.…" with the settings of the task in the metadata. Throws CheckpointError.
void save_model(const std::filesystem::path& file, const config::Node& cell, const FinetuneParts& parts,
                const FinetuneNetwork& network);

class TrainedModel {
 public:
  // Throws CheckpointError where the file is none of ours or does not fit, config::ConfigError or PluginError where its
  // head is not to be had.
  TrainedModel(const std::filesystem::path& file, PluginHost& host);

  const FinetuneRecipe& recipe() const { return recipe_; }
  const std::vector<std::string>& labels() const { return labels_; }
  Head& head() { return *head_; }
  FinetuneNetwork& network() { return *network_; }

 private:
  config::Node cell_;  // outlives the recipe, which refers to it
  FinetuneRecipe recipe_;
  std::vector<std::string> labels_;
  std::shared_ptr<Head> head_;
  std::unique_ptr<FinetuneNetwork> network_;
};

}  // namespace vaso::train
