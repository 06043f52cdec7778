#include "model/recompute.hpp"

#include "train/device.hpp"
#include "train/torch_compat.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace vaso::model {

namespace {

using Part = std::function<at::Tensor(const at::Tensor&)>;

// What the backward pass needs beside tensors.
struct Again : torch::CustomClassHolder {
  Part part;
  const char* precision;
};

struct Recompute : torch::autograd::Function<Recompute> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const Part& part) {
    auto again = c10::make_intrusive<Again>();
    again->part = part;
    again->precision = compat::autocast_enabled(x.device().type()) ? "bf16" : "fp32";
    at::Tensor y = again->part(x);  // the very object that is called again: it may count
    context->saved_data["again"] = c10::IValue::make_capsule(std::move(again));
    context->save_for_backward({x});
    // Copies of weights that autocast made here know no gradient; nobody may find them.
    if (compat::autocast_enabled(x.device().type())) at::autocast::clear_cache();
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto capsule = context->saved_data["again"].toCapsule();
    const auto& again = static_cast<const Again&>(*capsule);
    const at::Tensor x = context->get_saved_variables()[0].detach().set_requires_grad(true);
    at::Tensor y;
    const at::AutoGradMode with_gradient(true);
    {
      const train::Precision precision(again.precision, x.device());
      y = again.part(x);
    }
    torch::autograd::backward({y}, {gradients[0]});
    return {x.grad(), at::Tensor()};
  }
};

thread_local bool recomputation_on = false;

}  // namespace

Recomputation::Recomputation(bool on) : before_(recomputation_on) { recomputation_on = on; }
Recomputation::~Recomputation() { recomputation_on = before_; }
bool Recomputation::on() { return recomputation_on; }

at::Tensor recomputed(const Part& part, const at::Tensor& x) {
  return at::GradMode::is_enabled() && x.requires_grad() ? Recompute::apply(x, part) : part(x);
}

}  // namespace vaso::model
