#include "model/gelu.hpp"

#include "cuda/column_sums.hpp"
#include "cuda/gelu.hpp"
#include "cuda/torch_stream.hpp"
#include "kernels/gelu.hpp"
#include "model/bf16_values.hpp"

#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <ATen/TracerMode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace vaso::model {

namespace {

// TorchScript records ATen's operators and nothing else.
bool has_kernel(const at::Tensor& x) {
  return x.device().is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) &&
         !at::tracer::impl::is_dispatch_enabled();
}

at::Tensor gradient_on_cpu(const at::Tensor& x, const at::Tensor& gradient) {
  RECORD_USER_SCOPE("vaso::gelu_backward");
  at::Tensor out = at::empty_like(x);
  if (x.scalar_type() == at::kFloat) {
    kernels::gelu_backward(x.numel(), x.data_ptr<float>(), gradient.data_ptr<float>(), out.data_ptr<float>());
  } else {
    kernels::gelu_backward(x.numel(), bf16_values(x), bf16_values(gradient), bf16_values(out));
  }
  return out;
}

struct Gelu : torch::autograd::Function<Gelu> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x});
    return has_kernel(x) ? gelu_values(x) : at::gelu(x);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const at::Tensor x = context->get_saved_variables()[0];
    // Contiguous, because LibTorch 1.13's oneDNN backward reads garbage otherwise.
    const at::Tensor gradient = gradients[0].contiguous();
    return {has_kernel(x) ? gradient_on_cpu(x, gradient.to(x.scalar_type())) : at::gelu_backward(gradient, x)};
  }
};

}  // namespace

at::Tensor gelu(const at::Tensor& x) { return Gelu::apply(x.contiguous()); }

at::Tensor gelu_values(const at::Tensor& hidden) {
  at::Tensor active = at::empty_like(hidden);
  if (hidden.is_cuda()) {
    cuda::gelu(hidden.numel(), hidden.data_ptr(), active.data_ptr(), cuda::torch_stream(hidden.device()));
    return active;
  }
  RECORD_USER_SCOPE("vaso::gelu");
  if (hidden.scalar_type() == at::kFloat) {
    kernels::gelu(hidden.numel(), hidden.data_ptr<float>(), active.data_ptr<float>());
  } else {
    kernels::gelu(hidden.numel(), bf16_values(hidden), bf16_values(active));
  }
  return active;
}

GeluGradient gelu_gradient(const at::Tensor& hidden, const at::Tensor& of_active) {
  if (hidden.device().is_cpu()) {
    const at::Tensor of_hidden = gradient_on_cpu(hidden, of_active);
    return {of_hidden, of_hidden.sum(0, /*keepdim=*/false, at::kFloat)};
  }
  const at::Tensor of_hidden = at::empty_like(of_active);
  const std::int64_t columns = hidden.size(1);
  const at::Tensor sums = at::empty({columns}, hidden.options().dtype(at::kFloat));
  const at::Tensor scratch = at::empty({cuda::column_sums_scratch(columns)}, sums.options());
  cuda::gelu_backward(hidden.size(0), columns, hidden.data_ptr(), of_active.data_ptr(), of_hidden.data_ptr(),
                      scratch.data_ptr<float>(), sums.data_ptr<float>(), cuda::torch_stream(hidden.device()));
  return {of_hidden, sums};
}

}  // namespace vaso::model
