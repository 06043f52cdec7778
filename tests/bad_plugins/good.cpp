// The one that must load whatever lies beside it. Its state carries a tensor whose autograd node is code of this
// library.
#include "keep_all.hpp"

#include <torch/csrc/autograd/custom_function.h>

struct Double : torch::autograd::Function<Double> {
  static at::Tensor forward(torch::autograd::AutogradContext*, const at::Tensor& x) { return x * 2; }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext*,
                                                 torch::autograd::variable_list gradients) {
    return {gradients.at(0) * 2};
  }
};

class Good final : public KeepAll {
 public:
  using KeepAll::KeepAll;
  vaso::Bag state() const override {
    const at::Tensor leaf = at::ones({3}).requires_grad_();
    return {{"leaf", leaf}, {"doubled", Double::apply(leaf)}};
  }
};

VASO_PLUGIN("good", "1.2.3", "masking.good") { plugins.add<Good, vaso::NoParameters>("good", "keeps every token"); }
