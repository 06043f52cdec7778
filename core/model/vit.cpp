#include "model/vit.hpp"

#include "train/torch_compat.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace vaso::model {

namespace {

// B×3×H×W → B×L×3p², values in (channel, row, column) order: the order of a convolution kernel.
at::Tensor kernel_order_patches(const at::Tensor& image, std::int64_t p) {
  const std::int64_t batch = image.size(0), channels = image.size(1), rows = image.size(2) / p,
                     columns = image.size(3) / p;
  return image.reshape({batch, channels, rows, p, columns, p})
      .permute({0, 2, 4, 1, 3, 5})
      .reshape({batch, rows * columns, channels * p * p});
}

void check(const VitShape& shape) {
  if (shape.patch_size <= 0 || shape.image_size <= 0 || shape.image_size % shape.patch_size != 0) {
    throw std::invalid_argument(fmt::format("image size {} is no multiple of patch size {}: use {} or {}",
                                            shape.image_size, shape.patch_size,
                                            shape.image_size / shape.patch_size * shape.patch_size,
                                            (shape.image_size / shape.patch_size + 1) * shape.patch_size));
  }
  if (shape.heads <= 0 || shape.dim % shape.heads != 0) {
    throw std::invalid_argument(
        fmt::format("width {} cannot be split over {} attention heads", shape.dim, shape.heads));
  }
}

}  // namespace

VitShape vit_shape(const std::string& name) {
  static constexpr std::array<std::pair<std::string_view, std::array<std::int64_t, 3>>, 5> known = {{
      {"vit_ti", {192, 12, 3}},
      {"vit_s", {384, 12, 6}},
      {"vit_b", {768, 12, 12}},
      {"vit_l", {1024, 24, 16}},
      {"vit_h", {1280, 32, 16}},
  }};
  for (const auto& [known_name, sizes] : known) {
    if (name != known_name) continue;
    VitShape shape;
    shape.dim = sizes[0];
    shape.depth = sizes[1];
    shape.heads = sizes[2];
    return shape;
  }
  throw std::invalid_argument(fmt::format("no encoder \"{}\": use vit_ti, vit_s, vit_b, vit_l or vit_h", name));
}

Attention::Attention(std::int64_t dim, std::int64_t heads)
    : heads_(heads),
      qkv_(register_module("qkv", std::make_shared<Linear>(dim, 3 * dim))),
      proj_(register_module("proj", std::make_shared<Linear>(dim, dim))) {}

at::Tensor Attention::forward(const at::Tensor& x, at::Tensor* attention) {
  const std::int64_t batch = x.size(0), tokens = x.size(1), dim = x.size(2), width = dim / heads_;
  const auto qkv = qkv_->forward(x).reshape({batch, tokens, 3, heads_, width}).permute({2, 0, 3, 1, 4}).unbind(0);
  at::Tensor mixed;
  if (attention == nullptr) {
    mixed = compat::attend(qkv[0], qkv[1], qkv[2]);
  } else {
    const double scale = 1.0 / std::sqrt(static_cast<double>(width));
    *attention = at::softmax(at::matmul(qkv[0] * scale, qkv[1].transpose(-2, -1)), -1);
    mixed = at::matmul(*attention, qkv[2]);
  }
  return proj_->forward(mixed.transpose(1, 2).reshape({batch, tokens, dim}));
}

Mlp::Mlp(std::int64_t dim, std::int64_t hidden)
    : fc1_(register_module("fc1", std::make_shared<Linear>(dim, hidden))),
      fc2_(register_module("fc2", std::make_shared<Linear>(hidden, dim))) {}

at::Tensor Mlp::forward(const at::Tensor& x) { return fc2_->forward(model::gelu(fc1_->forward(x))); }

Block::Block(std::int64_t dim, std::int64_t heads, double mlp_ratio, double norm_eps)
    : norm1_(register_module("norm1", std::make_shared<LayerNorm>(dim, norm_eps))),
      norm2_(register_module("norm2", std::make_shared<LayerNorm>(dim, norm_eps))),
      attn_(register_module("attn", std::make_shared<Attention>(dim, heads))),
      mlp_(register_module(
          "mlp", std::make_shared<Mlp>(dim, static_cast<std::int64_t>(static_cast<double>(dim) * mlp_ratio)))) {}

at::Tensor Block::forward(const at::Tensor& x, at::Tensor* attention) {
  const at::Tensor attended = x + attn_->forward(norm1_->forward(x), attention);
  return attended + mlp_->forward(norm2_->forward(attended));
}

PatchProjection::PatchProjection(std::int64_t patch_size, std::int64_t dim)
    : weight_(register_parameter("weight", at::zeros({dim, 3, patch_size, patch_size}))),
      bias_(register_parameter("bias", at::zeros({dim}))) {}

at::Tensor PatchProjection::forward(const at::Tensor& patches) const {
  return at::linear(patches, weight_.flatten(1), bias_);
}

PatchEmbed::PatchEmbed(std::int64_t patch_size, std::int64_t dim)
    : patch_size_(patch_size), proj_(register_module("proj", std::make_shared<PatchProjection>(patch_size, dim))) {}

at::Tensor PatchEmbed::forward(const at::Tensor& image, const at::Tensor& keep) {
  const at::Tensor patches = kernel_order_patches(image, patch_size_);
  return proj_->forward(keep.defined() ? gather_tokens(patches, keep) : patches);
}

Vit::Vit(const VitShape& shape) : shape_(shape) {
  check(shape);
  cls_token_ = register_parameter("cls_token", at::zeros({1, 1, shape.dim}));
  // A parameter, so that it stands in the checkpoint under its released name; frozen, so that nothing trains it.
  pos_embed_ = register_parameter("pos_embed", sincos_positions(shape.dim, shape.grid()), /*requires_grad=*/false);
  patch_embed_ = register_module("patch_embed", std::make_shared<PatchEmbed>(shape.patch_size, shape.dim));
  blocks_ = register_module("blocks", std::make_shared<Sequence<Block>>(shape.depth, shape.dim, shape.heads,
                                                                        shape.mlp_ratio, shape.norm_eps));
  norm_ = register_module("norm", std::make_shared<LayerNorm>(shape.dim, shape.norm_eps));
}

EncodeResult Vit::encode(const EncodeRequest& request) {
  const at::Tensor& image = request.image;
  if (image.dim() != 4 || image.size(1) != 3 || image.size(2) != shape_.image_size ||
      image.size(3) != shape_.image_size) {
    throw std::invalid_argument(fmt::format("the encoder was built for B×3×{0}×{0} images and got {1}",
                                            shape_.image_size,
                                            fmt::join(image.sizes().begin(), image.sizes().end(), "×")));
  }
  at::Tensor patches = patch_embed_->forward(image, request.keep);
  at::Tensor positions = pos_embed_.narrow(1, 1, pos_embed_.size(1) - 1);
  at::Tensor replace = request.replace;
  if (request.keep.defined()) {
    positions = gather_tokens(positions, request.keep);
    if (replace.defined()) replace = replace.gather(1, request.keep);
  }
  if (replace.defined())
    patches = at::where(replace.unsqueeze(-1), request.replacement.to(patches.scalar_type()), patches);
  const at::Tensor cls = (cls_token_ + pos_embed_.narrow(1, 0, 1)).expand({image.size(0), -1, -1});
  at::Tensor x = at::cat({cls, patches + positions}, 1);

  EncodeResult result;
  result.layers.reserve(request.layers.size());
  std::vector<at::Tensor> outputs;
  for (std::size_t i = 0; i < blocks_->size(); ++i) {
    const bool last = i + 1 == blocks_->size();
    x = (*blocks_)[i].forward(x, last && request.attention ? &result.attention : nullptr);
    if (!request.layers.empty()) outputs.push_back(x);
  }
  for (const std::int64_t layer : request.layers) {
    if (layer < 0 || layer >= static_cast<std::int64_t>(outputs.size())) {
      throw std::invalid_argument(
          fmt::format("no block {}: the encoder has {}, counted from 0", layer, outputs.size()));
    }
    result.layers.push_back(outputs[static_cast<std::size_t>(layer)]);
  }
  result.tokens = norm_->forward(x);
  return result;
}

at::Tensor gather_tokens(const at::Tensor& tokens, const at::Tensor& index) {
  const std::int64_t batch = index.size(0), width = tokens.size(2);
  return tokens.expand({batch, -1, -1}).gather(1, index.unsqueeze(-1).expand({batch, index.size(1), width}));
}

}  // namespace vaso::model
