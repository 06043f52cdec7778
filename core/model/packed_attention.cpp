#include "model/packed_attention.hpp"

#include "kernels/attention.hpp"
#include "train/torch_compat.hpp"

#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <ATen/TracerMode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace vaso::model {

namespace {

kernels::AttentionShape shape_of(const at::Tensor& qkv, std::int64_t heads) {
  return {qkv.size(0), qkv.size(1), heads, qkv.size(2) / (3 * heads)};
}

struct PackedAttention : torch::autograd::Function<PackedAttention> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& qkv, std::int64_t heads) {
    RECORD_USER_SCOPE("vaso::attention");
    const kernels::AttentionShape shape = shape_of(qkv, heads);
    at::Tensor out = at::empty({shape.batch, shape.tokens, shape.heads * shape.width}, qkv.options());
    const at::Tensor log_sums = at::empty({shape.batch, shape.heads, shape.tokens}, qkv.options());
    kernels::attention_forward(kernels::blas_sgemm(), shape, qkv.data_ptr<float>(), out.data_ptr<float>(),
                               log_sums.data_ptr<float>());
    context->save_for_backward({qkv, out, log_sums});
    context->saved_data["heads"] = heads;
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor &qkv = saved[0], &out = saved[1], &log_sums = saved[2], gradient = gradients[0].contiguous();
    RECORD_USER_SCOPE("vaso::attention_backward");
    at::Tensor qkv_gradient = at::empty_like(qkv);
    kernels::attention_backward(kernels::blas_sgemm(), shape_of(qkv, context->saved_data["heads"].toInt()),
                                qkv.data_ptr<float>(), out.data_ptr<float>(), log_sums.data_ptr<float>(),
                                gradient.data_ptr<float>(), qkv_gradient.data_ptr<float>());
    return {qkv_gradient, at::Tensor()};
  }
};

}  // namespace

// TorchScript records ATen's operators and nothing else.
bool can_attend_packed(const at::Tensor& qkv) {
  return !at::tracer::impl::is_dispatch_enabled() && !compat::has_fused_attention && qkv.device().is_cpu() &&
         qkv.scalar_type() == at::kFloat && qkv.is_contiguous() && qkv.numel() > 0 && kernels::blas_sgemm() != nullptr;
}

at::Tensor packed_attention(const at::Tensor& qkv, std::int64_t heads) { return PackedAttention::apply(qkv, heads); }

}  // namespace vaso::model
