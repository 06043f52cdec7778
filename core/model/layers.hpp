// The few layers that the networks are made of, with PyTorch's parameter names ("weight", "bias", "running_mean").
//
// torch::nn's own would draw their first weights from the global generator, which belongs to nobody here, and their
// headers take longer to compile than everything else in this folder. Weights start at zero (scales at one) until
// initialise() or load_weights() fills them.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace vaso::model {

// What is added to a residual stream: `value`, and to each token `bias`, unless that is undefined.
struct Branch {
  at::Tensor value, bias;
  at::Tensor whole() const { return bias.defined() ? value + bias.to(value.scalar_type()) : value; }
};

// x: …×in → …×out.
class Linear : public torch::nn::Module {
 public:
  Linear(std::int64_t in, std::int64_t out);
  at::Tensor forward(const at::Tensor& x) const;
  // The same, its bias apart where the next norm adds it at no cost: under autocast to bf16, on a GPU in training.
  Branch branch(const at::Tensor& x) const;

  // Adds scale·B·A·x with A = `lora_a` (rank×in) and B = `lora_b` (out×rank), both zero, and freezes weight and bias.
  // Source: Hu et al., "LoRA", arXiv 2106.09685. Throws std::logic_error where there is such a part already.
  void add_low_rank(std::int64_t rank, double scale);
  // Folds that part into the weight and removes it; what was frozen stays frozen. Nothing happens where there is none.
  void merge_low_rank();
  bool plain() const { return !lora_a_.defined(); }
  const at::Tensor& weight() const { return weight_; }
  const at::Tensor& bias() const { return bias_; }

 private:
  at::Tensor weight_, bias_, lora_a_, lora_b_;
  double low_rank_scale_ = 0;
};

// A residual stream between two layers: `x`, and the last branch, which the next norm adds to it in the same pass over
// memory. Under autocast to bf16 that norm leaves x in two bf16 tensors (kernels/add_norm.hpp), and `low` is the
// second. What is undefined is nothing.
struct Residual {
  at::Tensor x;
  Branch branch;
  at::Tensor low;
  at::Tensor sum() const;
  Residual plus(const Branch& more) const { return {x, more, low}; }  // only where there is no branch yet
};

// A residual stream without a branch, and its layer norm. Go on with this sum, not with what went into it: then its
// gradient and the norm's come back together.
struct SumAndNorm {
  Residual sum;
  at::Tensor norm;
};

// Over the last dimension.
class LayerNorm : public torch::nn::Module {
 public:
  LayerNorm(std::int64_t dim, double eps);
  at::Tensor forward(const at::Tensor& x) const;
  // The stream's sum and its norm. Under autocast to bf16 in one pass over memory (add_norm.hpp): `norm` is bf16 then,
  // as the product after it takes it.
  SumAndNorm of_sum(const Residual& in) const;

 private:
  double eps_;
  at::Tensor weight_, bias_;
};

// Square kernel, padded so that stride 1 keeps the size. Without bias where a norm follows, which would remove it.
class Conv2d : public torch::nn::Module {
 public:
  Conv2d(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1, std::int64_t groups = 1,
         bool bias = true);
  at::Tensor forward(const at::Tensor& x) const;
  const at::Tensor& weight() const { return weight_; }
  const at::Tensor& bias() const { return bias_; }

 private:
  std::int64_t kernel_, stride_, groups_;
  at::Tensor weight_, bias_;
};

// Kernel = stride: every input pixel becomes kernel×kernel output pixels, and none overlap. Weight in×out×k×k.
class ConvTranspose2d : public torch::nn::Module {
 public:
  ConvTranspose2d(std::int64_t in, std::int64_t out, std::int64_t kernel);
  at::Tensor forward(const at::Tensor& x) const;

 private:
  std::int64_t kernel_;
  at::Tensor weight_, bias_;
};

// A norm of B×C×H×W maps with a scale and a shift for each channel.
class Norm2d : public torch::nn::Module {
 public:
  virtual at::Tensor forward(const at::Tensor& x) = 0;

 protected:
  explicit Norm2d(std::int64_t channels);
  at::Tensor weight_, bias_;
};

// Momentum 0.1, eps 1e-5. In training mode the running statistics follow the batch. A batch with one value a channel
// (one image, pooled to one pixel) has no variance: it is normalised by the running statistics and leaves them alone.
class BatchNorm2d final : public Norm2d {
 public:
  explicit BatchNorm2d(std::int64_t channels);
  at::Tensor forward(const at::Tensor& x) override;
  // In evaluation mode: forward(x) = scale·x + shift.
  std::pair<at::Tensor, at::Tensor> scale_and_shift() const;

 private:
  at::Tensor running_mean_, running_var_, num_batches_tracked_;
};

// Wu & He, "Group normalization", ECCV 2018; eps 1e-5. As many groups as channels make it instance normalisation.
class GroupNorm final : public Norm2d {
 public:
  GroupNorm(std::int64_t groups, std::int64_t channels);
  at::Tensor forward(const at::Tensor& x) override;

 private:
  std::int64_t groups_;
};

// Over the channels of each pixel, eps 1e-6 (detectron2's LayerNorm, ViTDet's pyramid).
class LayerNorm2d final : public Norm2d {
 public:
  explicit LayerNorm2d(std::int64_t channels);
  at::Tensor forward(const at::Tensor& x) override;
};

// "bn", "gn" (32 groups; fewer where that leaves less than four channels in each), "in" or "ln". Throws
// std::invalid_argument listing these for any other name.
std::shared_ptr<Norm2d> norm_2d(const std::string& name, std::int64_t channels);

// Modules numbered from 0 under one name: "blocks.0", "blocks.1", …
template <class M>
class Sequence : public torch::nn::Module {
 public:
  Sequence() = default;
  template <class... Arguments>
  explicit Sequence(std::int64_t count, const Arguments&... arguments) {
    for (std::int64_t i = 0; i < count; ++i) {
      items_.push_back(register_module(std::to_string(i), std::make_shared<M>(arguments...)));
    }
  }
  void append(std::shared_ptr<M> item) {
    items_.push_back(register_module(std::to_string(items_.size()), std::move(item)));
  }
  std::size_t size() const { return items_.size(); }
  M& operator[](std::size_t i) { return *items_[i]; }

 private:
  std::vector<std::shared_ptr<M>> items_;
};

}  // namespace vaso::model
