#include "model/recompute.hpp"

#include "model/trained.hpp"
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
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const at::TensorList& parameters, const Part& part) {
    auto again = c10::make_intrusive<Again>();
    again->part = part;
    again->precision = compat::autocast_enabled(x.device().type()) ? "bf16" : "fp32";
    at::Tensor y = again->part(x);  // the very object that is called again: it may count
    context->saved_data["again"] = c10::IValue::make_capsule(std::move(again));
    torch::autograd::variable_list kept = parameters.vec();
    kept.push_back(x);
    context->save_for_backward(std::move(kept));
    context->saved_data["wants_x"] = x.requires_grad();
    // Copies of weights that autocast made here know no gradient; nobody may find them.
    if (compat::autocast_enabled(x.device().type())) at::autocast::clear_cache();
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto capsule = context->saved_data["again"].toCapsule();
    const auto& again = static_cast<const Again&>(*capsule);
    torch::autograd::variable_list inputs = context->get_saved_variables();
    const bool wants_x = context->saved_data["wants_x"].toBool();
    const at::Tensor x = inputs.back().detach().set_requires_grad(wants_x);
    inputs.pop_back();
    if (wants_x) inputs.insert(inputs.begin(), x);
    at::Tensor y;
    const at::AutoGradMode with_gradient(true);
    {
      const train::Precision precision(again.precision, x.device());
      y = again.part(x);
    }
    auto result = torch::autograd::grad({y}, inputs, {gradients[0]}, /*retain_graph=*/c10::nullopt,
                                        /*create_graph=*/false, /*allow_unused=*/true);
    if (!wants_x) result.insert(result.begin(), at::Tensor());
    result.emplace_back();
    return result;
  }
};

thread_local bool recomputation_on = false;

}  // namespace

Recomputation::Recomputation(bool on) : before_(recomputation_on) { recomputation_on = on; }
Recomputation::~Recomputation() { recomputation_on = before_; }
bool Recomputation::on() { return recomputation_on; }

at::Tensor recomputed(const Part& part, const at::Tensor& x, const std::vector<at::Tensor>& parameters) {
  const std::vector<at::Tensor> weights = trained(parameters);
  const bool wants_x = at::GradMode::is_enabled() && x.requires_grad();
  return weights.empty() && !wants_x ? part(x) : Recompute::apply(x, at::TensorList(weights), part);
}

}  // namespace vaso::model
