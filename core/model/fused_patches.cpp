#include "model/fused_patches.hpp"

#include "cuda/patches.hpp"
#include "cuda/torch_stream.hpp"
#include "train/torch_compat.hpp"

#include <ATen/ATen.h>
#include <ATen/TracerMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstdint>

namespace vaso::model {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

cuda::Patches patches_of(const at::Tensor& prediction, const at::Tensor& image, std::int64_t patch, bool normalise) {
  return {
      {image.size(0), image.size(2) / patch, patch}, normalise, prediction.data_ptr<float>(), image.data_ptr<float>()};
}

at::Tensor statistics_for(const at::Tensor& prediction) {
  return at::empty({prediction.size(0), prediction.size(1), 2}, prediction.options());
}

void keep_settings(AutogradContext* context, std::int64_t patch, bool normalise) {
  context->saved_data["patch"] = patch;
  context->saved_data["normalise"] = normalise;
}
cuda::Patches kept(AutogradContext* context, const at::Tensor& prediction, const at::Tensor& image) {
  return patches_of(prediction, image, context->saved_data["patch"].toInt(), context->saved_data["normalise"].toBool());
}

const bool* values(const at::Tensor& dropped) { return dropped.defined() ? dropped.data_ptr<bool>() : nullptr; }

struct Errors : torch::autograd::Function<Errors> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& prediction, const at::Tensor& image,
                            std::int64_t patch, bool normalise) {
    const at::Tensor errors = at::empty({prediction.size(0), prediction.size(1)}, prediction.options());
    const at::Tensor statistics = statistics_for(prediction);
    cuda::patch_errors(patches_of(prediction, image, patch, normalise), errors.data_ptr<float>(),
                       statistics.data_ptr<float>(), cuda::torch_stream(image.device()));
    context->save_for_backward({prediction, image, statistics});
    keep_settings(context, patch, normalise);
    return errors;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor gradient = gradients[0].contiguous(), out = at::empty_like(saved[0]);
    cuda::patch_errors_backward(kept(context, saved[0], saved[1]), saved[2].data_ptr<float>(),
                                gradient.data_ptr<float>(), out.data_ptr<float>(), cuda::torch_stream(out.device()));
    return {out, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

struct Image : torch::autograd::Function<Image> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& prediction, const at::Tensor& image,
                            std::int64_t patch, bool normalise, const c10::optional<at::Tensor>& drop) {
    const at::Tensor out = at::empty_like(image), statistics = statistics_for(prediction);
    const at::Tensor dropped = drop.value_or(at::Tensor());
    cuda::patches_to_image(patches_of(prediction, image, patch, normalise), values(dropped), out.data_ptr<float>(),
                           statistics.data_ptr<float>(), cuda::torch_stream(image.device()));
    context->save_for_backward({prediction, image, statistics, dropped});
    keep_settings(context, patch, normalise);
    return out;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor gradient = gradients[0].contiguous(), out = at::empty_like(saved[0]);
    cuda::patches_to_image_backward(kept(context, saved[0], saved[1]), values(saved[3]), saved[2].data_ptr<float>(),
                                    gradient.data_ptr<float>(), out.data_ptr<float>(),
                                    cuda::torch_stream(out.device()));
    return {out, at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

bool can_fuse_patches(const at::Tensor& prediction, const at::Tensor& image) {
  const auto plain = [](const at::Tensor& t) {
    return t.is_cuda() && t.is_contiguous() && t.scalar_type() == at::kFloat &&
           reinterpret_cast<std::uintptr_t>(t.data_ptr()) % 16 == 0;
  };
  return plain(prediction) && plain(image) && !image.requires_grad() && image.size(1) == 3 &&
         image.size(2) == image.size(3) && cuda::available() && !at::tracer::impl::is_dispatch_enabled();
}

at::Tensor fused_patch_errors(const at::Tensor& prediction, const at::Tensor& image, std::int64_t patch_size,
                              bool norm_pix) {
  return Errors::apply(prediction, image, patch_size, norm_pix);
}

at::Tensor fused_image(const at::Tensor& prediction, const at::Tensor& image, std::int64_t patch_size, bool norm_pix,
                       const at::Tensor& dropped) {
  return Image::apply(prediction, image, patch_size, norm_pix,
                      compat::optional(dropped.defined() ? dropped.contiguous() : dropped));
}

}  // namespace vaso::model
