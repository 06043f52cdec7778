#include "model/packed_attention.hpp"

#include "cuda/attention.hpp"
#include "cuda/torch_stream.hpp"
#include "kernels/attention.hpp"
#include "model/bf16_values.hpp"
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

cuda::HeadShape head_shape_of(const at::Tensor& qkv, std::int64_t heads) {
  return {qkv.size(0), qkv.size(1), heads, qkv.size(2) / (3 * heads)};
}

void attend(const at::Tensor& qkv, std::int64_t heads, const at::Tensor& out, const at::Tensor& log_sums) {
  if (qkv.is_cuda()) {
    cuda::attend(head_shape_of(qkv, heads), qkv.data_ptr(), out.data_ptr(), log_sums.data_ptr<float>(),
                 cuda::torch_stream(qkv.device()));
  } else if (qkv.scalar_type() == at::kBFloat16) {
    kernels::attention_forward(kernels::blas_sgemm(), shape_of(qkv, heads), bf16_values(qkv), bf16_values(out),
                               log_sums.data_ptr<float>());
  } else {
    kernels::attention_forward(kernels::blas_sgemm(), shape_of(qkv, heads), qkv.data_ptr<float>(),
                               out.data_ptr<float>(), log_sums.data_ptr<float>());
  }
}

void attend_backward(const at::Tensor& qkv, std::int64_t heads, const at::Tensor& out, const at::Tensor& log_sums,
                     const at::Tensor& out_gradient, const at::Tensor& qkv_gradient) {
  if (qkv.is_cuda()) {
    cuda::attend_backward(head_shape_of(qkv, heads), qkv.data_ptr(), out.data_ptr(), log_sums.data_ptr<float>(),
                          out_gradient.data_ptr(), qkv_gradient.data_ptr(), cuda::torch_stream(qkv.device()));
  } else if (qkv.scalar_type() == at::kBFloat16) {
    kernels::attention_backward(kernels::blas_sgemm(), shape_of(qkv, heads), bf16_values(qkv), bf16_values(out),
                                log_sums.data_ptr<float>(), bf16_values(out_gradient), bf16_values(qkv_gradient));
  } else {
    kernels::attention_backward(kernels::blas_sgemm(), shape_of(qkv, heads), qkv.data_ptr<float>(),
                                out.data_ptr<float>(), log_sums.data_ptr<float>(), out_gradient.data_ptr<float>(),
                                qkv_gradient.data_ptr<float>());
  }
}

struct PackedAttention : torch::autograd::Function<PackedAttention> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& qkv, std::int64_t heads) {
    RECORD_USER_SCOPE("vaso::attention");
    at::Tensor out = at::empty({qkv.size(0), qkv.size(1), qkv.size(2) / 3}, qkv.options());
    const at::Tensor log_sums = at::empty({qkv.size(0), heads, qkv.size(1)}, qkv.options().dtype(at::kFloat));
    attend(qkv, heads, out, log_sums);
    context->save_for_backward({qkv, out, log_sums});
    context->saved_data["heads"] = heads;
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor &qkv = saved[0], &out = saved[1], &log_sums = saved[2];
    const at::Tensor gradient = gradients[0].to(qkv.scalar_type()).contiguous();
    RECORD_USER_SCOPE("vaso::attention_backward");
    at::Tensor qkv_gradient = at::empty_like(qkv);
    attend_backward(qkv, context->saved_data["heads"].toInt(), out, log_sums, gradient, qkv_gradient);
    return {qkv_gradient, at::Tensor()};
  }
};

}  // namespace

// TorchScript records ATen's operators and nothing else.
bool can_attend_packed(const at::Tensor& qkv, std::int64_t heads) {
  if (at::tracer::impl::is_dispatch_enabled() || !qkv.is_contiguous() || qkv.numel() == 0) return false;
  if (qkv.is_cuda()) return qkv.scalar_type() == at::kBFloat16 && cuda::can_attend(head_shape_of(qkv, heads));
  return !compat::has_fused_attention && qkv.device().is_cpu() &&
         (qkv.scalar_type() == at::kFloat || qkv.scalar_type() == at::kBFloat16) && kernels::blas_sgemm() != nullptr;
}

at::Tensor packed_attention(const at::Tensor& qkv, std::int64_t heads) { return PackedAttention::apply(qkv, heads); }

}  // namespace vaso::model
