#include "train/finetune_network.hpp"

#include "model/lora.hpp"
#include "model/weights.hpp"
#include "train/encoder.hpp"
#include "train/safetensors.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace vaso::train {
namespace {

std::uint64_t seed_of(const FinetuneRecipe& recipe) { return static_cast<std::uint64_t>(recipe.general.seed); }

// Which of the encoder's layers a tensor belongs to: 0 below the blocks, i + 1 in block i, depth + 1 above them.
std::int64_t layer_of(const std::string& name, std::int64_t depth) {
  constexpr std::string_view blocks = "blocks.";
  if (name.starts_with(blocks)) return std::strtoll(name.c_str() + blocks.size(), nullptr, 10) + 1;
  const bool below =
      name == "cls_token" || name == "register_tokens" || name == "pos_embed" || name.starts_with("patch_embed.");
  return below ? 0 : depth + 1;
}

}  // namespace

FinetuneNetwork::FinetuneNetwork(const FinetuneRecipe& recipe, Head& head, const std::vector<std::string>& labels)
    : recipe_(recipe), head_(head), head_network_(head.network(labels)) {
  if (!head.uses_encoder()) return;
  encoder_ = std::make_shared<model::Vit>(vit_shape(recipe));
}

// What of the encoder learns. After loading, because low-rank additions stand in no checkpoint of a pre-training.
void FinetuneNetwork::apply_tuning() {
  const experiment::Downstream& task = recipe_.task;
  if (task.tune == "lora") {
    model::add_lora(*encoder_, task.lora_rank, task.lora_alpha, task.lora_targets, seed_of(recipe_));
  } else if (task.tune == "frozen") {
    for (auto& parameter : encoder_->parameters()) parameter.set_requires_grad(false);
  }
}

std::string FinetuneNetwork::start(const std::string& encoder_file) {
  head_.initialise(*head_network_, seed_of(recipe_));
  if (!encoder_) return "the head is a whole network: no encoder";
  std::string said = "the encoder starts from scratch";
  model::initialise(*encoder_, seed_of(recipe_), "encoder.");
  if (!encoder_file.empty()) {
    const auto options = load_options(recipe_.task.position_resize, recipe_.task.patch_resize);
    const model::LoadReport report = load_encoder(*encoder_, encoder_file, options);
    if (recipe_.task.tune == "frozen" && !report.missing.empty()) {
      throw CheckpointError(
          fmt::format("{}: has no {}, which would begin at zero, and a frozen encoder never learns it: leave "
                      "relative positions out, or set tune = \"full\"",
                      encoder_file, report.missing.front()));
    }
    said = fmt::format("{}: {}", encoder_file, report.to_text());
  }
  apply_tuning();
  return said;
}

std::int64_t FinetuneNetwork::parameter_count() const {
  std::int64_t count = 0;
  for (const at::Tensor& parameter : head_network_->parameters()) count += parameter.numel();
  if (!encoder_) return count;
  for (const at::Tensor& parameter : encoder_->parameters()) count += parameter.numel();
  return count;
}

std::int64_t FinetuneNetwork::trained_count() const {
  std::int64_t count = 0;
  for (const NamedParameter& parameter : groups()) count += parameter.tensor.numel();
  return count;
}

void FinetuneNetwork::to(const c10::Device& device) {
  if (encoder_) encoder_->to(device);
  head_network_->to(device);
}

void FinetuneNetwork::train(bool on) {
  if (encoder_) encoder_->train(on && recipe_.task.tune != "frozen");
  head_network_->train(on);
}

void FinetuneNetwork::set_generator(const at::Generator& generator) {
  if (encoder_) encoder_->set_generator(generator);
}

std::vector<NamedParameter> FinetuneNetwork::groups() const {
  std::vector<NamedParameter> groups;
  const auto add = [&](const std::string& name, const at::Tensor& tensor, double scale) {
    if (!tensor.requires_grad()) return;
    const bool decays = tensor.dim() > 1 && !name.ends_with("cls_token") && !name.ends_with("register_tokens") &&
                        !name.ends_with("pos_embed") && !name.ends_with("relative_position_bias_table");
    groups.push_back({name, tensor, scale, decays});
  };
  if (encoder_) {
    const std::int64_t depth = recipe_.shape.encoder_depth;
    for (const auto& item : encoder_->named_parameters()) {
      const auto above = static_cast<double>(depth + 1 - layer_of(item.key(), depth));
      add("encoder." + item.key(), item.value(), std::pow(recipe_.task.layer_decay, above));
    }
  }
  for (const auto& item : head_network_->named_parameters()) add("head." + item.key(), item.value(), 1);
  return groups;
}

Bag FinetuneNetwork::state() const {
  Bag state = model::weights(*head_network_, "head.");
  if (encoder_) state.merge(model::weights(*encoder_, "encoder."));
  return state;
}

void FinetuneNetwork::set_state(const Bag& tensors) {
  std::vector<std::string> unknown = model::load_weights(*head_network_, tensors, "head.");
  if (encoder_) {
    const std::vector<std::string> more = model::load_weights(*encoder_, tensors, "encoder.");
    unknown.insert(unknown.end(), more.begin(), more.end());
  }
  if (!unknown.empty()) {
    throw model::WeightError(
        fmt::format("{} tensors belong to no layer of this network, such as {}", unknown.size(), unknown.front()));
  }
}

void FinetuneNetwork::merge_low_rank() {
  if (encoder_) model::merge_lora(*encoder_);
}

}  // namespace vaso::train
