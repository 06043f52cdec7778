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
#include <vector>

namespace vaso::model {

// x: …×in → …×out.
class Linear : public torch::nn::Module {
 public:
  Linear(std::int64_t in, std::int64_t out);
  at::Tensor forward(const at::Tensor& x) const;

 private:
  at::Tensor weight_, bias_;
};

// Over the last dimension.
class LayerNorm : public torch::nn::Module {
 public:
  LayerNorm(std::int64_t dim, double eps);
  at::Tensor forward(const at::Tensor& x) const;

 private:
  double eps_;
  at::Tensor weight_, bias_;
};

// Square kernel, padded so that stride 1 keeps the size.
class Conv2d : public torch::nn::Module {
 public:
  Conv2d(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1, std::int64_t groups = 1);
  at::Tensor forward(const at::Tensor& x) const;

 private:
  std::int64_t kernel_, stride_, groups_;
  at::Tensor weight_, bias_;
};

// Momentum 0.1, eps 1e-5. In training mode the running statistics follow the batch.
class BatchNorm2d : public torch::nn::Module {
 public:
  explicit BatchNorm2d(std::int64_t channels);
  at::Tensor forward(const at::Tensor& x);

 private:
  at::Tensor weight_, bias_, running_mean_, running_var_, num_batches_tracked_;
};

// Modules numbered from 0 under one name: "blocks.0", "blocks.1", …
template <class M>
class Sequence : public torch::nn::Module {
 public:
  template <class... Arguments>
  explicit Sequence(std::int64_t count, const Arguments&... arguments) {
    for (std::int64_t i = 0; i < count; ++i) {
      items_.push_back(register_module(std::to_string(i), std::make_shared<M>(arguments...)));
    }
  }
  std::size_t size() const { return items_.size(); }
  M& operator[](std::size_t i) { return *items_[i]; }

 private:
  std::vector<std::shared_ptr<M>> items_;
};

// Our GELU (erf): contiguous gradients, because LibTorch 1.13's oneDNN backward reads garbage otherwise. Call it as
// model::gelu: an unqualified call is ambiguous with ATen's.
at::Tensor gelu(const at::Tensor& x);

}  // namespace vaso::model
