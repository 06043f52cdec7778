// The networks of a fine-tuning: an encoder fitted to the task's input, and the head on it.
#pragma once

#include "model/vit.hpp"
#include "train/finetune_recipe.hpp"
#include "train/optimizer.hpp"

#include <memory>
#include <string>
#include <vector>

namespace vaso::train {

class FinetuneNetwork {
 public:
  // Throws ParameterError where the head cannot serve the labels.
  FinetuneNetwork(const FinetuneRecipe& recipe, Head& head, const std::vector<std::string>& labels);

  HeadNetworks view() const { return {encoder_.get(), head_network_.get()}; }
  std::int64_t parameter_count() const;
  std::int64_t trained_count() const;

  // First weights: fresh ones, then those of a pre-trained encoder ("" = none), resized where the task's patches or
  // input differ; then what `tune` asks for. Returns a line about what was loaded. Throws CheckpointError.
  std::string start(const std::string& encoder_file);

  void to(const c10::Device& device);
  void train(bool on);
  // What drop path draws from.
  void set_generator(const at::Generator& generator);
  // Layer-wise learning rates: positions and patch embedding decay^(n+1), block i decay^(n−i), the rest of the encoder
  // and the head 1 (CheXWorld and BEiT, util/lr_decay.py). No weight decay on vectors, class token, positions.
  std::vector<NamedParameter> groups() const;

  Bag state() const;                   // "encoder.…", "head.…": the tensors themselves, not copies
  void set_state(const Bag& tensors);  // throws model::WeightError

  // At the end of a training with low-rank additions: folds them into the encoder, which then answers the same, has the
  // usual names, and can be applied and exported like any other. Before it, state() holds them apart.
  void merge_low_rank();

 private:
  void apply_tuning();

  const FinetuneRecipe& recipe_;
  const Head& head_;
  std::shared_ptr<model::Vit> encoder_;  // null where the head uses none
  std::shared_ptr<torch::nn::Module> head_network_;
};

}  // namespace vaso::train
