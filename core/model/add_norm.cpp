#include "model/add_norm.hpp"

#include "cuda/add_norm.hpp"
#include "cuda/torch_stream.hpp"
#include "kernels/add_norm.hpp"
#include "train/torch_compat.hpp"

#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <ATen/TracerMode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace vaso::model {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

std::int64_t partial_rows(const at::Tensor& x, std::int64_t rows) {
  return x.is_cuda() ? cuda::partial_rows() : kernels::add_norm_partials(rows);
}

struct AddNorm : torch::autograd::Function<AddNorm> {
  static variable_list forward(AutogradContext* context, const at::Tensor& x, const c10::optional<at::Tensor>& low,
                               const c10::optional<at::Tensor>& branch, const c10::optional<at::Tensor>& branch_bias,
                               const at::Tensor& weight, const at::Tensor& bias, double eps) {
    const at::TensorOptions half = x.options().dtype(at::kBFloat16), wide = x.options().dtype(at::kFloat);
    const at::Tensor high = at::empty_like(x, half), rest = at::empty_like(x, half), norm = at::empty_like(x, half);
    const std::int64_t columns = x.size(-1), rows = x.numel() / columns;
    const at::Tensor statistics = at::empty({rows, 2}, wide);
    kernels::AddNorm work{rows, columns, static_cast<float>(eps)};
    if (x.scalar_type() == at::kFloat) {
      work.plain = x.data_ptr<float>();
    } else {
      work.high = x.data_ptr();
      work.low = low->data_ptr();
    }
    if (branch.has_value()) work.branch = branch->data_ptr();
    if (branch_bias.has_value()) work.branch_bias = branch_bias->data_ptr<float>();
    work.weight = weight.data_ptr<float>();
    work.bias = bias.data_ptr<float>();
    work.sum_high = high.data_ptr();
    work.sum_low = rest.data_ptr();
    work.y = norm.data_ptr();
    work.statistics = statistics.data_ptr<float>();
    if (x.is_cuda()) {
      cuda::add_norm(work, cuda::torch_stream(x.device()));
    } else {
      RECORD_USER_SCOPE("vaso::add_norm");
      kernels::add_norm(work);
    }
    context->set_materialize_grads(false);
    context->mark_non_differentiable({rest});
    context->save_for_backward({high, statistics, weight});
    context->saved_data["branch"] = branch.has_value();
    context->saved_data["branch_bias"] = branch_bias.has_value();
    context->saved_data["type"] = x.scalar_type();
    return {high, rest, norm};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &sum = saved[0], &statistics = saved[1], &weight = saved[2];
    at::Tensor of_sum = gradients[0], of_norm = gradients[2], of_x = of_sum, of_weight, of_bias, of_branch_bias;
    if (of_sum.defined()) of_sum = of_sum.to(at::kBFloat16).contiguous();
    if (of_norm.defined()) {
      of_norm = of_norm.to(at::kBFloat16).contiguous();
      of_x = at::empty_like(sum);
      const std::int64_t columns = sum.size(-1), rows = sum.numel() / columns;
      const at::Tensor partial = at::empty({partial_rows(sum, rows), 3, columns}, statistics.options());
      kernels::AddNormBackward work{rows, columns};
      work.sum_high = sum.data_ptr();
      work.statistics = statistics.data_ptr<float>();
      work.weight = weight.data_ptr<float>();
      work.y_gradient = of_norm.data_ptr();
      if (of_sum.defined()) work.sum_gradient = of_sum.data_ptr();
      work.x_gradient = of_x.data_ptr();
      work.partial = partial.data_ptr<float>();
      if (sum.is_cuda()) {
        cuda::add_norm_backward(work, cuda::torch_stream(sum.device()));
      } else {
        RECORD_USER_SCOPE("vaso::add_norm_backward");
        kernels::add_norm_backward(work);
      }
      const at::Tensor sums = partial.sum(0);
      of_weight = sums[0];
      of_bias = sums[1];
      of_branch_bias = sums[2];
    } else if (of_sum.defined()) {  // nobody used the norm
      of_branch_bias = of_sum.flatten(0, -2).sum(0, /*keepdim=*/false, at::kFloat);
    }
    if (!context->saved_data["branch_bias"].toBool()) of_branch_bias = at::Tensor();
    const at::Tensor of_branch = context->saved_data["branch"].toBool() ? of_x : at::Tensor();
    if (of_x.defined()) of_x = of_x.to(context->saved_data["type"].toScalarType());
    return {of_x, at::Tensor(), of_branch, of_branch_bias, of_weight, of_bias, at::Tensor()};
  }
};

}  // namespace

bool can_add_norm(const Residual& in) {
  const at::Tensor& x = in.x;
  const bool on_gpu = x.is_cuda();
  if ((!on_gpu && !x.device().is_cpu()) || at::tracer::impl::is_dispatch_enabled() ||
      !compat::autocast_enabled(x.device().type()))
    return false;
  const auto fits = [&](const at::Tensor& t, at::ScalarType type) {
    return t.scalar_type() == type && t.is_contiguous() && t.sizes() == x.sizes();
  };
  if (in.low.defined() ? !fits(x, at::kBFloat16) || !fits(in.low, at::kBFloat16) : !fits(x, at::kFloat)) return false;
  if (in.branch.value.defined() && !fits(in.branch.value, at::kBFloat16)) return false;
  return x.numel() > 0 && (!on_gpu || cuda::can_norm(x.size(-1)));
}

SumAndNorm add_norm(const Residual& in, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  const variable_list all = AddNorm::apply(in.x, compat::optional(in.low), compat::optional(in.branch.value),
                                           compat::optional(in.branch.bias), weight, bias, eps);
  return {{all[0], {}, all[1]}, all[2]};
}

}  // namespace vaso::model
