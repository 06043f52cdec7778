// The networks of a pre-training: the student, the teacher that follows it where somebody needs one, the frozen
// segmentor.
#pragma once

#include "model/unext.hpp"
#include "train/encoder.hpp"
#include "train/recipe.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace vaso::train {

// One set of weights. Names of tensors are the released ones for encoder and objective ("blocks.0.attn.qkv.weight",
// "decoder_blocks.0.…"); a strategy's own network stands under "masking.".
class NetworkSet {
 public:
  NetworkSet(const model::VitShape& encoder, Objective& objective, MaskingStrategy& masking);
  Networks& view() { return view_; }
  std::vector<std::pair<std::string, at::Tensor>> parameters() const;
  std::vector<at::Tensor> tensors() const;  // parameters and buffers, in an order that is the same for every set
  void initialise(std::uint64_t seed);
  void to(const c10::Device& device);
  void train(bool on);
  Bag state() const;                   // the tensors themselves, not copies
  void set_state(const Bag& tensors);  // throws model::WeightError
  // As train::load_encoder.
  model::LoadReport load_encoder(const std::string& file, const model::LoadOptions& options);
  const model::VitShape& encoder_shape() const { return encoder_->shape(); }
  Bag encoder_state() const;

 private:
  std::vector<std::pair<std::string, torch::nn::Module*>> parts() const;  // with the prefix of their names
  std::shared_ptr<model::Vit> encoder_;
  std::shared_ptr<torch::nn::Module> objective_, masking_;
  Networks view_;
};

// UNeXt-S from a file, frozen, in evaluation mode. Throws CheckpointError.
std::shared_ptr<model::UnextS> load_segmentor(const std::string& file, const experiment::Segmentor& settings,
                                              std::uint64_t seed, const c10::Device& device);

// Loads a network from a safetensors file. Throws CheckpointError naming the file and every tensor that does not fit.
void load_file(torch::nn::Module& module, const std::string& file);

}  // namespace vaso::train
