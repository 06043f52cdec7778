#include "model/frozen_stages.hpp"

#include "cuda/convolution.hpp"
#include "cuda/torch_stream.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace vaso::model {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

const cuda::Stages& stages(const at::Tensor& x) {
  if (!x.is_cuda()) return cuda::stages_on_cpu();
  cuda::torch_stream(x.device());  // the default one, or an error
  return cuda::stages_on_gpu();
}

at::Tensor plain(const at::Tensor& x) { return x.to(at::kFloat).contiguous(); }

// O×I×3×3 → groups×I×9×width, filled up with zeros: as cuda::Convolution has it.
at::Tensor in_groups(const at::Tensor& weight) {
  const std::int64_t width = cuda::group_width(weight.size(0)), in = weight.size(1);
  const std::int64_t groups = (weight.size(0) + width - 1) / width;
  return at::constant_pad_nd(weight, {0, 0, 0, 0, 0, 0, 0, groups * width - weight.size(0)})
      .reshape({groups, width, in, 9})
      .permute({0, 2, 3, 1})
      .contiguous();
}

cuda::Convolution shape_of(const at::Tensor& maps, const at::Tensor& weights, std::int64_t out) {
  cuda::Convolution c;
  c.images = maps.size(0);
  c.channels = weights.size(1);
  c.out_channels = out;
  c.height = static_cast<int>(maps.size(2));
  c.columns = static_cast<int>(maps.size(3));
  c.weights = weights.data_ptr<float>();
  return c;
}

cuda::Convolution shape_of(const at::Tensor& maps, const FrozenConvolution& of) {
  cuda::Convolution c = shape_of(maps, of.forward, of.out);
  c.scale = of.scale.data_ptr<float>();
  c.shift = of.shift.data_ptr<float>();
  return c;
}

cuda::Enlarged enlarged(const at::Tensor& map) {
  return {map.data_ptr<float>(), static_cast<int>(map.size(2)), static_cast<int>(map.size(3))};
}

struct Convolve : torch::autograd::Function<Convolve> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const FrozenConvolution& by) {
    const at::Tensor in = plain(x);
    at::Tensor out = at::empty({in.size(0), by.out, in.size(2), in.size(3)}, in.options());
    stages(in).convolve(shape_of(in, by), in.data_ptr<float>(), out.data_ptr<float>());
    context->save_for_backward({by.backward});
    context->saved_data["in"] = by.in;
    return out;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::Tensor weights = context->get_saved_variables()[0], gradient = plain(gradients[0]);
    const std::int64_t in = context->saved_data["in"].toInt();
    at::Tensor out = at::empty({gradient.size(0), in, gradient.size(2), gradient.size(3)}, gradient.options());
    stages(gradient).convolve(shape_of(gradient, weights, in), gradient.data_ptr<float>(), out.data_ptr<float>());
    return {out, at::Tensor()};
  }
};

struct ConvolveAndPool : torch::autograd::Function<ConvolveAndPool> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const FrozenConvolution& by) {
    const at::Tensor in = plain(x);
    at::Tensor out = at::empty({in.size(0), by.out, in.size(2) / 2, in.size(3) / 2}, in.options());
    const at::Tensor largest = at::empty_like(out, out.options().dtype(at::kByte));
    stages(in).convolve_and_pool(shape_of(in, by), in.data_ptr<float>(), out.data_ptr<float>(),
                                 largest.data_ptr<std::uint8_t>());
    context->save_for_backward({by.backward, largest});
    context->saved_data["in"] = by.in;
    return out;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor gradient = plain(gradients[0]);
    const std::int64_t in = context->saved_data["in"].toInt();
    at::Tensor out = at::empty({gradient.size(0), in, 2 * gradient.size(2), 2 * gradient.size(3)}, gradient.options());
    stages(gradient).convolve_pooled(shape_of(out, saved[0], in), gradient.data_ptr<float>(),
                                     saved[1].data_ptr<std::uint8_t>(), out.data_ptr<float>());
    return {out, at::Tensor()};
  }
};

struct EnlargeAndAdd : torch::autograd::Function<EnlargeAndAdd> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& map, const at::Tensor& skip) {
    const at::Tensor other = plain(skip);
    at::Tensor out = at::empty_like(other);
    stages(map).enlarge_and_add(map.size(0) * map.size(1), enlarged(map), other.data_ptr<float>(),
                                out.data_ptr<float>());
    context->save_for_backward({map});
    return out;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::Tensor map = context->get_saved_variables()[0], gradient = plain(gradients[0]);
    at::Tensor out = at::empty_like(map);
    stages(map).reduce_gradient(map.size(0), map.size(1), enlarged(map), nullptr, gradient.data_ptr<float>(),
                                out.data_ptr<float>());
    return {out, gradient};
  }
};

struct EnlargeAndProject : torch::autograd::Function<EnlargeAndProject> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& map, const at::Tensor& weight,
                            const at::Tensor& bias) {
    at::Tensor out = at::empty({map.size(0), 1, 2 * map.size(2), 2 * map.size(3)}, map.options());
    stages(map).enlarge_and_project(map.size(0), map.size(1), enlarged(map), weight.data_ptr<float>(),
                                    bias.data_ptr<float>(), out.data_ptr<float>());
    context->save_for_backward({map, weight});
    return out;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &map = saved[0], &weight = saved[1], gradient = plain(gradients[0]);
    at::Tensor out = at::empty_like(map);
    stages(map).reduce_gradient(map.size(0), map.size(1), enlarged(map), weight.data_ptr<float>(),
                                gradient.data_ptr<float>(), out.data_ptr<float>());
    return {out, at::Tensor(), at::Tensor()};
  }
};

struct Norm : torch::autograd::Function<Norm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, double eps) {
    const at::Tensor in = plain(x), out = at::empty_like(in);
    const std::int64_t columns = in.size(-1), rows = in.numel() / columns;
    const at::Tensor statistics = at::empty({rows, 2}, in.options());
    stages(in).norm(columns, {rows, static_cast<float>(eps), in.data_ptr<float>(), weight.data_ptr<float>(),
                              bias.data_ptr<float>(), out.data_ptr<float>(), statistics.data_ptr<float>()});
    context->save_for_backward({in, statistics, weight});
    return out;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &in = saved[0], gradient = plain(gradients[0]), out = at::empty_like(in);
    const std::int64_t columns = in.size(-1);
    stages(in).norm_gradient(columns, {in.numel() / columns, in.data_ptr<float>(), saved[1].data_ptr<float>(),
                                       saved[2].data_ptr<float>(), gradient.data_ptr<float>(), out.data_ptr<float>()});
    return {out, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

cuda::TokenMap token_map(const at::Tensor& x) {
  return {x.size(0), static_cast<int>(x.size(1)), static_cast<int>(x.size(2)), static_cast<int>(x.size(3))};
}

struct ShiftRows : torch::autograd::Function<ShiftRows> {
  static at::Tensor shifted(const at::Tensor& x, int sign) {
    const at::Tensor in = plain(x), out = at::empty_like(in);
    stages(in).shift_rows({token_map(in), sign, in.data_ptr<float>(), out.data_ptr<float>()});
    return out;
  }
  static at::Tensor forward(AutogradContext*, const at::Tensor& x) { return shifted(x, 1); }
  static variable_list backward(AutogradContext*, const variable_list& gradients) {
    return {shifted(gradients[0], -1)};
  }
};

struct ConvolveAndShift : torch::autograd::Function<ConvolveAndShift> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias) {
    const at::Tensor in = plain(x), out = at::empty_like(in), slope = at::empty_like(in);
    stages(in).convolve_and_shift({token_map(in), weight.data_ptr<float>(), bias.data_ptr<float>(),
                                   in.data_ptr<float>(), out.data_ptr<float>(), slope.data_ptr<float>()});
    context->save_for_backward({weight, slope});
    return out;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor gradient = plain(gradients[0]), out = at::empty_like(gradient);
    stages(gradient).convolve_and_shift_gradient({token_map(gradient), saved[0].data_ptr<float>(),
                                                  saved[1].data_ptr<float>(), gradient.data_ptr<float>(),
                                                  out.data_ptr<float>()});
    return {out, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

FrozenConvolution::FrozenConvolution(const at::Tensor& weight, const at::Tensor& scale_, const at::Tensor& shift_)
    : in(weight.size(1)),
      out(weight.size(0)),
      forward(in_groups(weight)),
      // From outputs to inputs the kernel is turned round, and the scale comes first.
      backward(in_groups((weight * scale_.reshape({-1, 1, 1, 1})).transpose(0, 1).flip({2, 3}))),
      scale(scale_),
      shift(shift_),
      scaled((weight * scale_.reshape({-1, 1, 1, 1})).contiguous()) {}

at::Tensor norm_rows(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  return Norm::apply(x, weight, bias, eps);
}

at::Tensor shift_rows(const at::Tensor& x) { return ShiftRows::apply(x); }

at::Tensor convolve_and_shift(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return ConvolveAndShift::apply(x, weight.flatten(1).t().contiguous(), bias);
}

at::Tensor convolve_and_pool(const at::Tensor& x, const FrozenConvolution& c) { return ConvolveAndPool::apply(x, c); }

at::Tensor convolve_enlarge_and_add(const at::Tensor& x, const FrozenConvolution& c, const at::Tensor& skip) {
  // A matrix product in all but name: cuDNN takes a fraction of the time of a thread that goes through 128 channels.
  if (x.is_cuda() && c.in * c.out >= 8192) {
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    return EnlargeAndAdd::apply(at::conv2d(plain(x), c.scaled, c.shift, /*stride=*/1, /*padding=*/1).contiguous(),
                                skip);
  }
  return EnlargeAndAdd::apply(Convolve::apply(x, c), skip);
}

at::Tensor convolve_enlarge_and_project(const at::Tensor& x, const FrozenConvolution& c, const at::Tensor& weight,
                                        const at::Tensor& bias) {
  return EnlargeAndProject::apply(Convolve::apply(x, c), weight.contiguous(), bias);
}

}  // namespace vaso::model
