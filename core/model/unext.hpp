// UNeXt-S, the segmentor of VasoMIM: 253,561 parameters, names as released.
// Source: Valanarasu and Patel, "UNeXt", MICCAI 2022; the variant of the XA-SSL repository.
#pragma once

#include "sdk/step.hpp"

#include <torch/nn/module.h>

namespace vaso::model {

class UnextS : public torch::nn::Module, public FrozenNetwork {
 public:
  UnextS();
  // x: B×3×H×W, H and W multiples of 32 → logits B×1×H×W.
  at::Tensor forward(const at::Tensor& x) override;
};

// The released model re-initialises the shift-MLPs' Linear layers and every LayerNorm after loading (36 of 101 tensors).
void reinitialise_as_released(UnextS& network, std::uint64_t seed);
// Initialisation for training from scratch, as released (trunc-normal .02 Linear, kaiming-like convolutions).
void initialise(UnextS& network, std::uint64_t seed);

}  // namespace vaso::model
