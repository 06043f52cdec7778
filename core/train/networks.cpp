#include "train/networks.hpp"

#include "model/weights.hpp"
#include "train/safetensors.hpp"

#include <fmt/format.h>

namespace vaso::train {
NetworkSet::NetworkSet(const model::VitShape& encoder, Objective& objective, MaskingStrategy& masking)
    : encoder_(std::make_shared<model::Vit>(encoder)),
      objective_(objective.network()),
      masking_(masking.network(objective)) {
  view_ = {encoder_.get(), objective_.get(), masking_.get()};
}

std::vector<std::pair<std::string, torch::nn::Module*>> NetworkSet::parts() const {
  std::vector<std::pair<std::string, torch::nn::Module*>> parts = {{"", encoder_.get()}};
  if (objective_) parts.emplace_back("", objective_.get());
  if (masking_) parts.emplace_back("masking.", masking_.get());
  return parts;
}

std::vector<std::pair<std::string, at::Tensor>> NetworkSet::parameters() const {
  std::vector<std::pair<std::string, at::Tensor>> all;
  for (const auto& [prefix, part] : parts()) {
    for (const auto& item : part->named_parameters()) all.emplace_back(prefix + item.key(), item.value());
  }
  return all;
}

std::vector<at::Tensor> NetworkSet::tensors() const {
  std::vector<at::Tensor> tensors;
  for (const auto& [prefix, part] : parts()) {
    for (const auto& tensor : part->parameters()) tensors.push_back(tensor);
    for (const auto& tensor : part->buffers()) tensors.push_back(tensor);
  }
  return tensors;
}

void NetworkSet::initialise(std::uint64_t seed) {
  for (const auto& [prefix, part] : parts()) model::initialise(*part, seed, prefix);
}

void NetworkSet::to(const c10::Device& device) {
  for (const auto& [prefix, part] : parts()) part->to(device);
}

void NetworkSet::train(bool on) {
  for (const auto& [prefix, part] : parts()) part->train(on);
}

Bag NetworkSet::state() const {
  Bag state;
  for (const auto& [prefix, part] : parts()) state.merge(model::weights(*part, prefix));
  return state;
}

void NetworkSet::set_state(const Bag& tensors) {
  for (const auto& [prefix, part] : parts()) model::load_weights(*part, tensors, prefix);
}

model::LoadReport NetworkSet::load_encoder(const std::string& file, const model::LoadOptions& options) {
  return train::load_encoder(*encoder_, file, options);
}

Bag NetworkSet::encoder_state() const { return model::weights(*encoder_); }

void load_file(torch::nn::Module& module, const std::string& file) {
  try {
    model::load_weights(module, read_safetensors(file).tensors);
  } catch (const model::WeightError& error) {
    throw CheckpointError(fmt::format("{}: {}", file, error.what()));
  }
}

std::shared_ptr<model::UnextS> load_segmentor(const std::string& file, const experiment::Segmentor& settings,
                                              std::uint64_t seed, const c10::Device& device) {
  auto network = std::make_shared<model::UnextS>();
  load_file(*network, file);
  if (settings.reinit_bug) model::reinitialise_as_released(*network, seed);
  for (auto& parameter : network->parameters()) parameter.set_requires_grad(false);
  network->eval();
  network->to(device);
  return network;
}

}  // namespace vaso::train
