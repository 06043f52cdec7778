// UNeXt-S, the segmentor of VasoMIM: 253,561 parameters, names as released.
// Source: Valanarasu and Patel, "UNeXt", MICCAI 2022; the variant of the XA-SSL repository.
#pragma once

#include "model/layers.hpp"
#include "sdk/step.hpp"

#include <torch/nn/module.h>

#include <memory>

namespace vaso::model {

// Depth-wise 3×3 convolution of a feature map kept as tokens; the released names nest it twice ("dwconv.dwconv").
class DepthwiseConv : public torch::nn::Module {
 public:
  explicit DepthwiseConv(std::int64_t channels);
  at::Tensor forward(const at::Tensor& x);  // B×H×W×C → B×H×W×C
  const Conv2d& convolution() const { return *dwconv_; }

 private:
  std::shared_ptr<Conv2d> dwconv_;
};

// An MLP that sees its neighbours: five groups of channels are shifted by −2…2 pixels along the rows before fc1, and
// along the columns before fc2. Zeros are shifted in. `frozen`: by the kernels of frozen_stages.hpp, as all below.
class ShiftMlp : public torch::nn::Module {
 public:
  explicit ShiftMlp(std::int64_t channels);
  at::Tensor forward(const at::Tensor& x, bool frozen);  // B×H×W×C → B×H×W×C

 private:
  std::shared_ptr<Linear> fc1_, fc2_;
  std::shared_ptr<DepthwiseConv> dwconv_;
};

// x + mlp(norm2 x).
class ShiftBlock : public torch::nn::Module {
 public:
  explicit ShiftBlock(std::int64_t channels);
  at::Tensor forward(const at::Tensor& x, bool frozen);  // B×H×W×C → B×H×W×C

 private:
  std::shared_ptr<LayerNorm> norm2_;
  std::shared_ptr<ShiftMlp> mlp_;
};

// Halves the resolution: a 3×3 convolution with stride 2 and a LayerNorm.
class OverlapPatchEmbed : public torch::nn::Module {
 public:
  OverlapPatchEmbed(std::int64_t in, std::int64_t out);
  at::Tensor forward(const at::Tensor& x);  // B×C×H×W → B×H/2×W/2×C'

 private:
  std::shared_ptr<Conv2d> proj_;
  std::shared_ptr<LayerNorm> norm_;
};

class UnextS : public torch::nn::Module, public FrozenNetwork {
 public:
  UnextS();
  // x: B×3×H×W, H and W multiples of 32 → logits B×1×H×W. Throws std::invalid_argument for other sizes.
  at::Tensor forward(const at::Tensor& x) override;
  // The same by the kernels of frozen_stages.hpp, which forward() uses on a GPU: in evaluation mode, in float32, and
  // for gradients of x alone.
  at::Tensor forward_frozen(const at::Tensor& x);

 private:
  struct Frozen;  // weights as those kernels take them
  bool has_kernels_for(const at::Tensor& x) const;
  std::shared_ptr<const Frozen> frozen();
  at::Tensor run(const at::Tensor& x, const Frozen* frozen);
  std::shared_ptr<const Frozen> frozen_;
  std::shared_ptr<Conv2d> encoder_[3], decoder_[5], final_;
  std::shared_ptr<BatchNorm2d> ebn_[3], dbn_[4];
  std::shared_ptr<OverlapPatchEmbed> patch_embed_[2];
  std::shared_ptr<Sequence<ShiftBlock>> block_[2], dblock_[2];
  std::shared_ptr<LayerNorm> norm_[2], dnorm_[2];
};

// What the released pre-training does to the loaded segmentor: every Linear (all in the shift-MLPs) is drawn anew,
// xavier-uniform with bias 0, and every LayerNorm set to 1 and 0; 36 of 101 tensors.
void reinitialise_as_released(UnextS& network, std::uint64_t seed);
// Initialisation for training from scratch, as released: Linear N(0,.02), convolutions of the token stages
// N(0, √(2/fan-out)) with bias 0, all others uniform in ±1/√fan-in (PyTorch's default). Each tensor has its own stream.
void initialise(UnextS& network, std::uint64_t seed);

}  // namespace vaso::model
