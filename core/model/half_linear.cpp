#include "model/half_linear.hpp"

#include "cuda/column_sums.hpp"
#include "cuda/gelu.hpp"
#include "cuda/torch_stream.hpp"
#include "train/torch_compat.hpp"

#include <ATen/ATen.h>
#include <ATen/TracerMode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace vaso::model {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor rows_of(const at::Tensor& x) { return x.reshape({-1, x.size(-1)}); }

at::Tensor sums_of_columns(const at::Tensor& rows) {
  const std::int64_t columns = rows.size(1);
  const at::Tensor sums = at::empty({columns}, rows.options().dtype(at::kFloat));
  const at::Tensor scratch = at::empty({cuda::column_sums_scratch(columns)}, sums.options());
  cuda::column_sums(rows.size(0), columns, rows.data_ptr(), scratch.data_ptr<float>(), sums.data_ptr<float>(),
                    cuda::torch_stream(rows.device()));
  return sums;
}

struct HalfLinear : torch::autograd::Function<HalfLinear> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const c10::optional<at::Tensor>& bias) {
    // Of rows that lie apart LibTorch would add the bias in a pass of its own.
    const at::Tensor in = x.to(at::kBFloat16).contiguous(), w = weight.to(at::kBFloat16);
    context->save_for_backward({in, w});
    context->saved_data["type"] = x.scalar_type();
    context->saved_data["wants_x"] = x.requires_grad();
    context->saved_data["bias"] = bias.has_value();
    return at::linear(in, w, bias.has_value() ? bias->to(at::kBFloat16) : at::Tensor());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &in = saved[0], &w = saved[1];
    const at::Tensor gradient = rows_of(gradients[0].to(at::kBFloat16)).contiguous();
    at::Tensor of_x;
    if (context->saved_data["wants_x"].toBool())
      of_x = at::mm(gradient, w).reshape(in.sizes()).to(context->saved_data["type"].toScalarType());
    const at::Tensor of_bias = context->saved_data["bias"].toBool() ? sums_of_columns(gradient) : at::Tensor();
    return {of_x, compat::mm_in_float(gradient.t(), rows_of(in)), of_bias};
  }
};

struct HalfMlp : torch::autograd::Function<HalfMlp> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight1,
                            const at::Tensor& bias1, const at::Tensor& weight2) {
    const at::Tensor in = x.to(at::kBFloat16), w1 = weight1.to(at::kBFloat16), w2 = weight2.to(at::kBFloat16);
    const at::Tensor hidden = at::linear(in, w1, bias1.to(at::kBFloat16)), active = at::empty_like(hidden);
    cuda::gelu(hidden.numel(), hidden.data_ptr(), active.data_ptr(), cuda::torch_stream(hidden.device()));
    context->save_for_backward({in, w1, hidden, active, w2});
    context->saved_data["type"] = x.scalar_type();
    context->saved_data["wants_x"] = x.requires_grad();
    return at::linear(active, w2);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &in = saved[0], &w1 = saved[1], &w2 = saved[4];
    const at::Tensor hidden = rows_of(saved[2]), active = rows_of(saved[3]);
    const at::Tensor gradient = rows_of(gradients[0].to(at::kBFloat16)).contiguous();
    const at::Tensor of_active = at::mm(gradient, w2), of_hidden = at::empty_like(of_active);
    const std::int64_t columns = hidden.size(1);
    const at::Tensor sums = at::empty({columns}, hidden.options().dtype(at::kFloat));
    const at::Tensor scratch = at::empty({cuda::column_sums_scratch(columns)}, sums.options());
    cuda::gelu_backward(hidden.size(0), columns, hidden.data_ptr(), of_active.data_ptr(), of_hidden.data_ptr(),
                        scratch.data_ptr<float>(), sums.data_ptr<float>(), cuda::torch_stream(in.device()));
    at::Tensor of_x;
    if (context->saved_data["wants_x"].toBool())
      of_x = at::mm(of_hidden, w1).reshape(in.sizes()).to(context->saved_data["type"].toScalarType());
    return {of_x, compat::mm_in_float(of_hidden.t(), rows_of(in)), sums, compat::mm_in_float(gradient.t(), active)};
  }
};

}  // namespace

bool can_multiply_half(const at::Tensor& x, const at::Tensor& weight) {
  return x.is_cuda() && !at::tracer::impl::is_dispatch_enabled() && compat::autocast_enabled(c10::kCUDA) &&
         at::GradMode::is_enabled() && weight.requires_grad() && weight.scalar_type() == at::kFloat && x.numel() > 0 &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) && cuda::can_sum_columns(weight.size(0));
}

at::Tensor half_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  // What may be undefined has to be optional: LibTorch 2 asks every tensor for its device.
  return HalfLinear::apply(x, weight, bias.defined() ? c10::optional<at::Tensor>(bias) : c10::nullopt);
}

at::Tensor half_mlp(const at::Tensor& x, const at::Tensor& weight1, const at::Tensor& bias1,
                    const at::Tensor& weight2) {
  return HalfMlp::apply(x, weight1, bias1, weight2);
}

}  // namespace vaso::model
