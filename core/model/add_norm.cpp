#include "model/add_norm.hpp"

#include "cuda/add_norm.hpp"
#include "cuda/torch_stream.hpp"
#include "train/torch_compat.hpp"

#include <ATen/ATen.h>
#include <ATen/TracerMode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace vaso::model {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

cuda::NormShape shape_of(const at::Tensor& x, double eps) {
  return {x.numel() / x.size(-1), x.size(-1), static_cast<float>(eps)};
}

struct AddNorm : torch::autograd::Function<AddNorm> {
  // An argument that may be undefined has to be optional: LibTorch 2 asks every tensor for its device.
  static variable_list forward(AutogradContext* context, const at::Tensor& x, const c10::optional<at::Tensor>& added,
                               const at::Tensor& weight, const at::Tensor& bias, double eps) {
    const at::Tensor branch = added.value_or(at::Tensor());
    const at::Tensor sum = branch.defined() ? at::empty_like(x) : x;
    const at::Tensor norm = at::empty_like(x, x.options().dtype(at::kBFloat16));
    const at::Tensor statistics = at::empty({x.numel() / x.size(-1), 2}, x.options());
    cuda::add_norm(shape_of(x, eps), x.data_ptr<float>(), branch.defined() ? branch.data_ptr() : nullptr,
                   weight.data_ptr<float>(), bias.data_ptr<float>(), sum.data_ptr<float>(), norm.data_ptr(),
                   statistics.data_ptr<float>(), cuda::torch_stream(x.device()));
    context->set_materialize_grads(false);
    context->save_for_backward({sum, statistics, weight});
    context->saved_data["branch"] = branch.defined();
    context->saved_data["eps"] = eps;
    return {sum, norm};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &sum = saved[0], &statistics = saved[1], &weight = saved[2];
    const bool branch = context->saved_data["branch"].toBool();
    at::Tensor of_sum = gradients[0], of_norm = gradients[1];
    if (of_sum.defined()) of_sum = of_sum.to(at::kFloat).contiguous();
    if (!of_norm.defined()) {  // nobody used the norm
      const at::Tensor of_branch = branch && of_sum.defined() ? of_sum.to(at::kBFloat16) : at::Tensor();
      return {of_sum, of_branch, at::Tensor(), at::Tensor(), at::Tensor()};
    }
    of_norm = of_norm.to(at::kBFloat16).contiguous();
    const at::Tensor of_x = at::empty_like(sum);
    const at::Tensor of_branch = branch ? at::empty_like(of_norm) : at::Tensor();
    const at::Tensor partial = at::empty({cuda::partial_rows(), 2, sum.size(-1)}, sum.options());
    cuda::add_norm_backward(shape_of(sum, context->saved_data["eps"].toDouble()), sum.data_ptr<float>(),
                            statistics.data_ptr<float>(), weight.data_ptr<float>(), of_norm.data_ptr(),
                            of_sum.defined() ? of_sum.data_ptr<float>() : nullptr, of_x.data_ptr<float>(),
                            branch ? of_branch.data_ptr() : nullptr, partial.data_ptr<float>(),
                            cuda::torch_stream(sum.device()));
    const at::Tensor sums = partial.sum(0);
    return {of_x, of_branch, sums[0], sums[1], at::Tensor()};
  }
};

}  // namespace

bool can_add_norm(const at::Tensor& x, const at::Tensor& branch) {
  if (!x.is_cuda() || at::tracer::impl::is_dispatch_enabled() || !compat::autocast_enabled(c10::kCUDA)) return false;
  if (x.scalar_type() != at::kFloat || !x.is_contiguous() || x.numel() == 0) return false;
  if (branch.defined() &&
      (branch.scalar_type() != at::kBFloat16 || !branch.is_contiguous() || branch.sizes() != x.sizes()))
    return false;
  return cuda::can_norm(x.size(-1));
}

SumAndNorm add_norm(const at::Tensor& x, const at::Tensor& branch, const at::Tensor& weight, const at::Tensor& bias,
                    double eps) {
  const variable_list both =
      AddNorm::apply(x, branch.defined() ? c10::optional<at::Tensor>(branch) : c10::nullopt, weight, bias, eps);
  return {both[0], both[1]};
}

}  // namespace vaso::model
