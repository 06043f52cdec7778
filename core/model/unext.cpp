#include "model/unext.hpp"

#include "cuda/device.hpp"
#include "model/frozen_stages.hpp"
#include "model/gelu.hpp"
#include "model/image_parts.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <stdexcept>

namespace vaso::model {

namespace {

constexpr double kNormEps = 1e-5;   // torch.nn.LayerNorm's default, which the released code uses here
constexpr std::int64_t kReach = 2;  // the farthest shift, pixels

// x: B×H×W×C. Channel group k of five moves by k−2 along `axis` (1 rows, 2 columns). Groups as torch.chunk cuts them.
at::Tensor shift(const at::Tensor& x, std::int64_t axis) {
  const std::int64_t size = x.size(axis);
  const at::Tensor padded =
      axis == 1 ? at::constant_pad_nd(x, {0, 0, 0, 0, kReach, kReach}) : at::constant_pad_nd(x, {0, 0, kReach, kReach});
  std::vector<at::Tensor> groups = padded.chunk(2 * kReach + 1, /*dim=*/3);
  for (std::size_t k = 0; k < groups.size(); ++k) {
    groups[k] = groups[k].narrow(axis, 2 * kReach - static_cast<std::int64_t>(k), size);
  }
  return at::cat(groups, 3);
}

at::Tensor tokens(const at::Tensor& map) { return map.permute({0, 2, 3, 1}); }   // B×C×H×W → B×H×W×C
at::Tensor feature_map(const at::Tensor& x) { return x.permute({0, 3, 1, 2}); }  // and back

at::Tensor twice_as_large(const at::Tensor& x) {
  // In float32 at least: LibTorch 1.13's bf16 interpolation is five times slower on a CPU.
  return at::upsample_bilinear2d(x.to(at::promote_types(x.scalar_type(), at::kFloat)), {2 * x.size(2), 2 * x.size(3)},
                                 /*align_corners=*/false);
}

FrozenConvolution folded(const Conv2d& convolution, const BatchNorm2d& norm) {
  const auto [scale, shift] = norm.scale_and_shift();
  return FrozenConvolution(convolution.weight(), scale, convolution.bias() * scale + shift);
}

}  // namespace

DepthwiseConv::DepthwiseConv(std::int64_t channels)
    : dwconv_(register_module("dwconv", std::make_shared<Conv2d>(channels, channels, 3, 1, /*groups=*/channels))) {}

at::Tensor DepthwiseConv::forward(const at::Tensor& x) { return tokens(dwconv_->forward(feature_map(x))); }

ShiftMlp::ShiftMlp(std::int64_t channels)
    : fc1_(register_module("fc1", std::make_shared<Linear>(channels, channels))),
      fc2_(register_module("fc2", std::make_shared<Linear>(channels, channels))),
      dwconv_(register_module("dwconv", std::make_shared<DepthwiseConv>(channels))) {}

at::Tensor ShiftMlp::forward(const at::Tensor& x, bool frozen) {
  if (frozen) {
    const Conv2d& convolution = dwconv_->convolution();
    return fc2_->forward(convolve_and_shift(fc1_->forward(shift_rows(x)), convolution.weight(), convolution.bias()));
  }
  const at::Tensor hidden = model::gelu(dwconv_->forward(fc1_->forward(shift(x, 1))));
  return fc2_->forward(shift(hidden, 2));
}

ShiftBlock::ShiftBlock(std::int64_t channels)
    : norm2_(register_module("norm2", std::make_shared<LayerNorm>(channels, kNormEps))),
      mlp_(register_module("mlp", std::make_shared<ShiftMlp>(channels))) {}

at::Tensor ShiftBlock::forward(const at::Tensor& x, bool frozen) {
  return x + mlp_->forward(norm2_->forward(x), frozen);
}

OverlapPatchEmbed::OverlapPatchEmbed(std::int64_t in, std::int64_t out)
    : proj_(register_module("proj", std::make_shared<Conv2d>(in, out, 3, /*stride=*/2))),
      norm_(register_module("norm", std::make_shared<LayerNorm>(out, kNormEps))) {}

at::Tensor OverlapPatchEmbed::forward(const at::Tensor& x) {
  // On a GPU this layout is the convolution's own, and its result lies as tokens do.
  const at::Tensor map = x.is_cuda() ? x.contiguous(at::MemoryFormat::ChannelsLast) : x;
  return norm_->forward(tokens(proj_->forward(map)));
}

UnextS::UnextS() {
  const auto conv = [this](const char* name, std::int64_t in, std::int64_t out, std::int64_t kernel = 3) {
    return register_module(name, std::make_shared<Conv2d>(in, out, kernel));
  };
  const auto batch_norm = [this](const char* name, std::int64_t channels) {
    return register_module(name, std::make_shared<BatchNorm2d>(channels));
  };
  const auto layer_norm = [this](const char* name, std::int64_t channels) {
    return register_module(name, std::make_shared<LayerNorm>(channels, kNormEps));
  };
  const auto block = [this](const char* name, std::int64_t channels) {
    return register_module(name, std::make_shared<Sequence<ShiftBlock>>(1, channels));
  };
  const auto embed = [this](const char* name, std::int64_t in, std::int64_t out) {
    return register_module(name, std::make_shared<OverlapPatchEmbed>(in, out));
  };
  encoder_[0] = conv("encoder1", 3, 8);
  encoder_[1] = conv("encoder2", 8, 16);
  encoder_[2] = conv("encoder3", 16, 32);
  ebn_[0] = batch_norm("ebn1", 8);
  ebn_[1] = batch_norm("ebn2", 16);
  ebn_[2] = batch_norm("ebn3", 32);
  patch_embed_[0] = embed("patch_embed3", 32, 64);
  patch_embed_[1] = embed("patch_embed4", 64, 128);
  block_[0] = block("block1", 64);
  block_[1] = block("block2", 128);
  dblock_[0] = block("dblock1", 64);
  dblock_[1] = block("dblock2", 32);
  norm_[0] = layer_norm("norm3", 64);
  norm_[1] = layer_norm("norm4", 128);
  dnorm_[0] = layer_norm("dnorm3", 64);
  dnorm_[1] = layer_norm("dnorm4", 32);
  decoder_[0] = conv("decoder1", 128, 64);
  decoder_[1] = conv("decoder2", 64, 32);
  decoder_[2] = conv("decoder3", 32, 16);
  decoder_[3] = conv("decoder4", 16, 8);
  decoder_[4] = conv("decoder5", 8, 8);
  dbn_[0] = batch_norm("dbn1", 64);
  dbn_[1] = batch_norm("dbn2", 32);
  dbn_[2] = batch_norm("dbn3", 16);
  dbn_[3] = batch_norm("dbn4", 8);
  final_ = conv("final", 8, 1, /*kernel=*/1);
}

struct UnextS::Frozen {
  std::vector<std::pair<const void*, std::int64_t>> made_of;  // where each weight lies, and how often it was changed
  FrozenConvolution down[3], up[4], last;
  at::Tensor weight, bias;  // of the 1×1 convolution
};

// They are made again when a weight has changed since.
std::shared_ptr<const UnextS::Frozen> UnextS::frozen() {
  auto made = std::make_shared<Frozen>();
  const auto note = [&](const torch::nn::Module& module) {
    for (const auto& tensors : {module.parameters(/*recurse=*/false), module.buffers(/*recurse=*/false)}) {
      for (const at::Tensor& tensor : tensors)
        made->made_of.emplace_back(tensor.data_ptr(), static_cast<std::int64_t>(tensor._version()));
    }
  };
  for (const auto& convolution : encoder_) note(*convolution);
  for (const auto& convolution : decoder_) note(*convolution);
  for (const auto& norm : ebn_) note(*norm);
  for (const auto& norm : dbn_) note(*norm);
  note(*final_);
  if (frozen_ && frozen_->made_of == made->made_of) return frozen_;
  const at::NoGradGuard no_gradient;
  for (int i = 0; i < 3; ++i) made->down[i] = folded(*encoder_[i], *ebn_[i]);
  for (int i = 0; i < 4; ++i) made->up[i] = folded(*decoder_[i], *dbn_[i]);
  const at::Tensor& bias = decoder_[4]->bias();
  made->last = FrozenConvolution(decoder_[4]->weight(), at::ones_like(bias), bias.detach());
  made->weight = final_->weight().flatten().contiguous();
  made->bias = final_->bias().detach();
  return frozen_ = made;
}

at::Tensor UnextS::forward(const at::Tensor& x) {
  if (has_kernels_for(x)) return forward_frozen(x);
  if (is_training()) return run(x, nullptr);  // batch norms look at all images
  const auto of_images = [this](const at::Tensor& images, std::int64_t) {
    return std::vector<at::Tensor>{run(images, nullptr)};
  };
  return in_parts(of_images, x, parameters())[0];
}

at::Tensor UnextS::forward_frozen(const at::Tensor& x) { return run(x, frozen().get()); }

bool UnextS::has_kernels_for(const at::Tensor& x) const {
  const at::Tensor& weight = encoder_[0]->weight();
  return x.is_cuda() && cuda::available() && !is_training() && weight.scalar_type() == at::kFloat &&
         !(at::GradMode::is_enabled() && weight.requires_grad());
}

at::Tensor UnextS::run(const at::Tensor& x, const Frozen* frozen) {
  if (x.dim() != 4 || x.size(1) != 3 || x.size(2) % 32 != 0 || x.size(3) % 32 != 0 || x.size(2) == 0 ||
      x.size(3) == 0) {
    throw std::invalid_argument(fmt::format("UNeXt-S takes B×3×H×W images with H and W multiples of 32, not {}",
                                            fmt::join(x.sizes().begin(), x.sizes().end(), "×")));
  }
  // Three convolutional stages; their outputs are added back on the way up.
  at::Tensor skip[4];
  at::Tensor map = x.contiguous();
  for (int i = 0; i < 3; ++i) {
    map = frozen ? convolve_and_pool(map, frozen->down[i])
                 : at::relu(at::max_pool2d(ebn_[i]->forward(encoder_[i]->forward(map)), {2, 2}));
    skip[i] = map;
  }
  // Two token stages.
  for (int i = 0; i < 2; ++i) {
    const at::Tensor embedded = (*block_[i])[0].forward(patch_embed_[i]->forward(map), frozen != nullptr);
    map = feature_map(norm_[i]->forward(embedded)).contiguous();
    if (i == 0) skip[3] = map;
  }
  for (int i = 0; i < 4; ++i) {
    map = frozen ? convolve_enlarge_and_add(map, frozen->up[i], skip[3 - i])
                 : at::relu(twice_as_large(dbn_[i]->forward(decoder_[i]->forward(map)))) + skip[3 - i];
    if (i >= 2) continue;
    const at::Tensor mixed = (*dblock_[i])[0].forward(tokens(map).contiguous(), frozen != nullptr);
    map = feature_map(dnorm_[i]->forward(mixed)).contiguous();
  }
  if (!frozen) return final_->forward(at::relu(twice_as_large(decoder_[4]->forward(map))));
  return convolve_enlarge_and_project(map, frozen->last, frozen->weight, frozen->bias);
}

}  // namespace vaso::model
