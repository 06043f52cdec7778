#include "model/linear_in_part.hpp"

#include "kernels/on_threads.hpp"
#include "model/weight_gradients.hpp"
#include "train/torch_compat.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace vaso::model {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct LinearInPart : torch::autograd::Function<LinearInPart> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const c10::optional<at::Tensor>& bias) {
    context->save_for_backward({x, weight});
    context->saved_data["wants_x"] = x.requires_grad();
    context->saved_data["wants_bias"] = bias.has_value() && bias->requires_grad();
    return at::linear(x, weight, bias);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const at::Tensor y = gradients[0].reshape({-1, weight.size(0)}), rows = x.reshape({-1, weight.size(1)});
    at::Tensor of_x, of_weight, of_bias;
    if (context->saved_data["wants_x"].toBool()) of_x = at::mm(y, weight).reshape(x.sizes());
    if (context->saved_data["wants_bias"].toBool()) of_bias = y.sum(0);
    if (!WeightGradients::add(weight, y, rows)) of_weight = at::mm(y.t(), rows);
    return {of_x, of_weight, of_bias};
  }
};

}  // namespace

bool puts_gradient_by(const at::Tensor& x, const at::Tensor& weight) {
  return kernels::on_one_of_threads() && x.device().is_cpu() && at::GradMode::is_enabled() && weight.requires_grad() &&
         x.scalar_type() == weight.scalar_type() && !compat::autocast_enabled(c10::kCPU);
}

at::Tensor linear_in_part(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return LinearInPart::apply(x, weight, compat::optional(bias));
}

}  // namespace vaso::model
