#include "model/half_linear.hpp"

#include "cuda/column_sums.hpp"
#include "cuda/torch_stream.hpp"
#include "model/emulated_bf16.hpp"
#include "model/gelu.hpp"
#include "model/half_weights.hpp"
#include "model/linear_in_part.hpp"
#include "model/weight_gradients.hpp"
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
  if (rows.device().is_cpu()) return rows.sum(0, /*keepdim=*/false, at::kFloat);
  const std::int64_t columns = rows.size(1);
  const at::Tensor sums = at::empty({columns}, rows.options().dtype(at::kFloat));
  const at::Tensor scratch = at::empty({cuda::column_sums_scratch(columns)}, sums.options());
  cuda::column_sums(rows.size(0), columns, rows.data_ptr(), scratch.data_ptr<float>(), sums.data_ptr<float>(),
                    cuda::torch_stream(rows.device()));
  return sums;
}

// Products of bf16 tensors.
at::Tensor product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const WithoutEmulation wide(x);
  return at::linear(wide.operand(x), wide.operand(weight), wide.operand(bias)).to(at::kBFloat16);
}
at::Tensor matrix_product(const at::Tensor& a, const at::Tensor& b) {
  const WithoutEmulation wide(a);
  return at::mm(wide.operand(a), wide.operand(b));  // in float32 where it is emulated
}
at::Tensor product_in_float(const at::Tensor& a, const at::Tensor& b) {
  return a.is_cuda() ? compat::mm_in_float(a, b) : matrix_product(a, b).to(at::kFloat);
}

// Of a layer's weight, from the gradient y of its output. Undefined where it was put by.
at::Tensor weight_gradient(const at::Tensor& weight, const at::Tensor& y, const at::Tensor& x) {
  return WeightGradients::add(weight, y, x) ? at::Tensor() : product_in_float(y.t(), x);
}

struct HalfLinear : torch::autograd::Function<HalfLinear> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const c10::optional<at::Tensor>& bias) {
    // Of rows that lie apart LibTorch would add the bias in a pass of its own.
    const at::Tensor in = x.to(at::kBFloat16).contiguous(), w = HalfWeights::of(weight);
    context->save_for_backward({in, w, weight});
    context->saved_data["type"] = x.scalar_type();
    context->saved_data["wants_x"] = x.requires_grad();
    context->saved_data["wants_weight"] = weight.requires_grad();
    context->saved_data["bias"] = bias.has_value() && bias->requires_grad();
    return product(in, w, bias.has_value() ? bias->to(at::kBFloat16) : at::Tensor());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &in = saved[0], &w = saved[1];
    const at::Tensor gradient = rows_of(gradients[0].to(at::kBFloat16)).contiguous();
    at::Tensor of_x, of_weight, of_bias;
    if (context->saved_data["wants_x"].toBool())
      of_x = matrix_product(gradient, w).reshape(in.sizes()).to(context->saved_data["type"].toScalarType());
    if (context->saved_data["wants_weight"].toBool()) of_weight = weight_gradient(saved[2], gradient, rows_of(in));
    if (context->saved_data["bias"].toBool()) of_bias = sums_of_columns(gradient);
    return {of_x, of_weight, of_bias};
  }
};

struct HalfMlp : torch::autograd::Function<HalfMlp> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight1,
                            const at::Tensor& bias1, const at::Tensor& weight2) {
    const at::Tensor in = x.to(at::kBFloat16), w1 = HalfWeights::of(weight1), w2 = HalfWeights::of(weight2);
    const at::Tensor hidden = product(in, w1, bias1.to(at::kBFloat16)), active = gelu_values(hidden);
    context->save_for_backward({in, w1, hidden, active, w2, weight1, weight2});
    context->saved_data["type"] = x.scalar_type();
    context->saved_data["wants_x"] = x.requires_grad();
    context->saved_data["wants_weight1"] = weight1.requires_grad();
    context->saved_data["wants_weight2"] = weight2.requires_grad();
    return product(active, w2, {});
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &in = saved[0], &w1 = saved[1], &w2 = saved[4];
    const at::Tensor hidden = rows_of(saved[2]), active = rows_of(saved[3]);
    const at::Tensor gradient = rows_of(gradients[0].to(at::kBFloat16)).contiguous();
    const GeluGradient of = gelu_gradient(hidden, matrix_product(gradient, w2).to(at::kBFloat16));
    at::Tensor of_x, of_weight1, of_weight2;
    if (context->saved_data["wants_x"].toBool())
      of_x = matrix_product(of.hidden, w1).reshape(in.sizes()).to(context->saved_data["type"].toScalarType());
    if (context->saved_data["wants_weight1"].toBool()) of_weight1 = weight_gradient(saved[5], of.hidden, rows_of(in));
    if (context->saved_data["wants_weight2"].toBool()) of_weight2 = weight_gradient(saved[6], gradient, active);
    return {of_x, of_weight1, of.sums, of_weight2};
  }
};

}  // namespace

bool can_multiply_half(const at::Tensor& x, const at::Tensor& weight) {
  if (at::tracer::impl::is_dispatch_enabled() || !compat::autocast_enabled(x.device().type()) ||
      weight.scalar_type() != at::kFloat || x.numel() == 0 ||
      (x.scalar_type() != at::kFloat && x.scalar_type() != at::kBFloat16))
    return false;
  if (x.device().is_cpu()) return true;
  return x.is_cuda() && at::GradMode::is_enabled() && weight.requires_grad() && cuda::can_sum_columns(weight.size(0));
}

at::Tensor half_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return HalfLinear::apply(x, weight, compat::optional(bias));
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (can_multiply_half(x, weight)) return half_linear(x, weight, bias);
  return puts_gradient_by(x, weight) ? linear_in_part(x, weight, bias) : at::linear(x, weight, bias);
}

at::Tensor half_mlp(const at::Tensor& x, const at::Tensor& weight1, const at::Tensor& bias1,
                    const at::Tensor& weight2) {
  return HalfMlp::apply(x, weight1, bias1, weight2);
}

}  // namespace vaso::model
