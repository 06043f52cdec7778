#include "model/vit.hpp"

#include "model/half_linear.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
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

BlockOptions options(const VitShape& shape, std::int64_t block) {
  const bool global = std::count(shape.global_blocks.begin(), shape.global_blocks.end(), block) > 0;
  BlockOptions options;
  options.grid = shape.grid();
  options.window = global ? 0 : shape.window;
  options.relative_positions = shape.relative_positions;
  options.relative_bias = shape.positions == Positions::relative_bias;
  if (shape.depth > 1)
    options.drop_path = shape.drop_path * static_cast<double>(block) / static_cast<double>(shape.depth - 1);
  return options;
}

}  // namespace

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
  if (shape.window < 0 || shape.window > shape.grid()) {
    throw std::invalid_argument(
        fmt::format("windows of {0} tokens a side do not fit the {1}×{1} tokens of an image: use "
                    "at most {1}, or 0 for none",
                    shape.window, shape.grid()));
  }
  if (shape.window == 0 && !shape.global_blocks.empty()) {
    throw std::invalid_argument("without windows all blocks are global: set window, or leave global_blocks empty");
  }
  for (const std::int64_t block : shape.global_blocks) {
    if (block >= 0 && block < shape.depth) continue;
    throw std::invalid_argument(
        fmt::format("no block {} to make global: the encoder has {}, counted from 0", block, shape.depth));
  }
  if (shape.registers < 0) throw std::invalid_argument("a number of registers is 0 or more");
  if (shape.positions == Positions::rotary && shape.dim / shape.heads % 4 != 0) {
    throw std::invalid_argument(
        fmt::format("rotary positions need heads whose width is a multiple of 4, and {} over {} heads is {}", shape.dim,
                    shape.heads, shape.dim / shape.heads));
  }
  if (shape.positions == Positions::rotary && shape.raster_only()) {
    throw std::invalid_argument(
        "rotary positions go neither with windows nor with relative positions: use one of them");
  }
  if (shape.positions == Positions::relative_bias &&
      (shape.raster_only() || shape.registers > 0 || !shape.class_token)) {
    throw std::invalid_argument(
        "a relative bias is of a class token and the patches: it goes neither with windows, nor with relative "
        "positions, nor with registers, nor without a class token");
  }
  if (shape.drop_path < 0 || shape.drop_path >= 1) {
    throw std::invalid_argument(fmt::format("drop_path is a chance below 1, not {}", shape.drop_path));
  }
}

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

PatchProjection::PatchProjection(std::int64_t patch_size, std::int64_t dim)
    : weight_(register_parameter("weight", at::zeros({dim, 3, patch_size, patch_size}))),
      bias_(register_parameter("bias", at::zeros({dim}))) {}

at::Tensor PatchProjection::forward(const at::Tensor& patches) const {
  return model::linear(patches, weight_.flatten(1), bias_);
}

PatchEmbed::PatchEmbed(std::int64_t patch_size, std::int64_t dim)
    : patch_size_(patch_size), proj_(register_module("proj", std::make_shared<PatchProjection>(patch_size, dim))) {}

at::Tensor PatchEmbed::forward(const at::Tensor& image, const at::Tensor& keep) {
  const at::Tensor patches = kernel_order_patches(image, patch_size_);
  return proj_->forward(keep.defined() ? gather_tokens(patches, keep) : patches);
}

Vit::Vit(const VitShape& shape) : shape_(shape) {
  check(shape);
  if (shape.class_tokens() > 0) cls_token_ = register_parameter("cls_token", at::zeros({1, 1, shape.dim}));
  if (shape.prefix() > shape.class_tokens())
    register_tokens_ = register_parameter("register_tokens", at::zeros({1, shape.registers, shape.dim}));
  if (shape.positions == Positions::table) {
    // A parameter even where nothing trains it, so that it stands in the checkpoint under its released name.
    pos_embed_ = register_parameter(
        "pos_embed", sincos_positions(shape.dim, shape.grid()).slice(1, 1 - shape.class_tokens()).contiguous(),
        shape.trainable_positions);
  } else if (shape.positions == Positions::rotary) {
    rope_embed_ = register_module("rope_embed", std::make_shared<RotaryPositions>(shape.dim / shape.heads));
  }
  patch_embed_ = register_module("patch_embed", std::make_shared<PatchEmbed>(shape.patch_size, shape.dim));
  blocks_ = register_module("blocks", std::make_shared<Blocks>());
  for (std::int64_t i = 0; i < shape.depth; ++i) {
    blocks_->append(
        std::make_shared<Block>(shape.dim, shape.heads, shape.mlp_ratio, shape.norm_eps, options(shape, i)));
  }
  if (shape.final_norm) norm_ = register_module("norm", std::make_shared<LayerNorm>(shape.dim, shape.norm_eps));
}

at::Tensor Vit::with_prefix(const at::Tensor& patches) const {
  const std::int64_t batch = patches.size(0);
  std::vector<at::Tensor> tokens;
  if (cls_token_.defined()) {
    const at::Tensor cls = pos_embed_.defined() ? cls_token_ + pos_embed_.narrow(1, 0, 1) : cls_token_;
    tokens.push_back(cls.expand({batch, -1, -1}));
  }
  if (register_tokens_.defined()) tokens.push_back(register_tokens_.expand({batch, -1, -1}));
  if (tokens.empty()) return patches;
  tokens.push_back(patches);
  return at::cat(tokens, 1);
}

EncodeResult Vit::encode(const EncodeRequest& request) {
  const at::Tensor& image = request.image;
  if (image.dim() != 4 || image.size(1) != 3 || image.size(2) != shape_.image_size ||
      image.size(3) != shape_.image_size) {
    throw std::invalid_argument(fmt::format("the encoder was built for B×3×{0}×{0} images and got {1}",
                                            shape_.image_size,
                                            fmt::join(image.sizes().begin(), image.sizes().end(), "×")));
  }
  const bool only_raster = shape_.raster_only() || shape_.positions == Positions::relative_bias;
  if (request.keep.defined() && only_raster) {
    throw std::invalid_argument("windows and relative positions need all tokens, and only some are to be kept");
  }
  at::Tensor patches = patch_embed_->forward(image, request.keep);
  at::Tensor replace = request.replace;
  if (request.keep.defined() && replace.defined()) replace = replace.gather(1, request.keep);
  if (replace.defined())
    patches = at::where(replace.unsqueeze(-1), request.replacement.to(patches.scalar_type()), patches);
  if (pos_embed_.defined()) {
    const std::int64_t first = shape_.class_tokens();
    const at::Tensor positions = pos_embed_.narrow(1, first, pos_embed_.size(1) - first);
    patches = patches + (request.keep.defined() ? gather_tokens(positions, request.keep) : positions);
  }
  const at::Tensor x = with_prefix(patches);
  Rotation rotation;
  if (rope_embed_) rotation = rope_embed_->rotation(shape_.grid(), request.keep);

  BlocksResult passed =
      blocks_->forward(x, {request.layers, request.attention, generator_, rope_embed_ ? &rotation : nullptr});
  EncodeResult result;
  result.prefix = shape_.prefix();
  result.layers = std::move(passed.layers);
  result.attention = passed.attention;
  result.tokens = norm_ ? norm_->of_sum(passed.stream).norm : passed.stream.sum();
  return result;
}

at::Tensor gather_tokens(const at::Tensor& tokens, const at::Tensor& index) {
  const std::int64_t batch = index.size(0), width = tokens.size(2);
  return tokens.expand({batch, -1, -1}).gather(1, index.unsqueeze(-1).expand({batch, index.size(1), width}));
}

}  // namespace vaso::model
