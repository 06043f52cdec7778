#include "model/transformer.hpp"

#include "model/emulated_bf16.hpp"
#include "model/gelu.hpp"
#include "model/half_linear.hpp"
#include "model/packed_attention.hpp"
#include "model/recompute.hpp"
#include "model/relative_bias.hpp"
#include "train/torch_compat.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>

namespace vaso::model {

namespace {

// Rows of a (2·side−1)×d table by distance: side×side×d, entry (i,k) = row i − k + side − 1.
at::Tensor by_distance(const at::Tensor& table, std::int64_t side) {
  const at::Tensor place = at::arange(side, table.options().dtype(at::kLong));
  const at::Tensor row = place.unsqueeze(1) - place.unsqueeze(0) + (side - 1);
  return table.index_select(0, row.flatten()).reshape({side, side, table.size(1)});
}

}  // namespace

Attention::Attention(std::int64_t dim, std::int64_t heads, std::int64_t side)
    : heads_(heads),
      side_(side),
      qkv_(register_module("qkv", std::make_shared<Linear>(dim, 3 * dim))),
      proj_(register_module("proj", std::make_shared<Linear>(dim, dim))) {
  if (side == 0) return;
  rel_pos_h_ = register_parameter("rel_pos_h", at::zeros({2 * side - 1, dim / heads}));
  rel_pos_w_ = register_parameter("rel_pos_w", at::zeros({2 * side - 1, dim / heads}));
}

void Attention::add_relative_bias(std::int64_t side) {
  side_ = side;
  const std::int64_t rows = (2 * side - 1) * (2 * side - 1) + 3;
  bias_table_ = register_parameter("relative_position_bias_table", at::zeros({rows, heads_}));
}

// q: B×heads×T×d, unscaled (detectron2's add_decomposed_rel_pos) → B×heads×T×T.
at::Tensor Attention::relative_logits(const at::Tensor& q) const {
  const std::int64_t batch = q.size(0), tokens = q.size(2);
  const at::Tensor raster = q.reshape({batch * heads_, side_, side_, q.size(3)});
  const at::Tensor rows = at::einsum("bijc,ikc->bijk", {raster, by_distance(rel_pos_h_, side_).to(q.scalar_type())});
  const at::Tensor columns = at::einsum("bijc,jkc->bijk", {raster, by_distance(rel_pos_w_, side_).to(q.scalar_type())});
  return (rows.unsqueeze(-1) + columns.unsqueeze(-2)).reshape({batch, heads_, tokens, tokens});
}

Branch Attention::forward(const at::Tensor& x, at::Tensor* attention, const Rotation* rotation) {
  const std::int64_t batch = x.size(0), tokens = x.size(1), dim = x.size(2), width = dim / heads_;
  const at::Tensor packed = qkv_->forward(x);
  if (attention == nullptr && side_ == 0 && rotation == nullptr && can_attend_packed(packed, heads_)) {
    return proj_->branch(packed_attention(packed, heads_));
  }
  const WithoutEmulation wide(packed);
  auto qkv = wide.operand(packed).reshape({batch, tokens, 3, heads_, width}).permute({2, 0, 3, 1, 4}).unbind(0);
  if (rotation != nullptr) {
    for (const std::size_t turned : {0, 1}) qkv[turned] = rotate(qkv[turned], *rotation);
  }
  at::Tensor mixed;
  if (attention == nullptr && side_ == 0) {
    mixed = compat::attend(qkv[0], qkv[1], qkv[2]);
  } else {
    const double scale = 1.0 / std::sqrt(static_cast<double>(width));
    at::Tensor logits = at::matmul(qkv[0] * scale, qkv[1].transpose(-2, -1));
    if (bias_table_.defined()) {
      logits = logits + relative_bias(bias_table_, side_).to(logits.scalar_type());
    } else if (side_ > 0) {
      logits = logits + relative_logits(qkv[0]);
    }
    const at::Tensor weights = at::softmax(logits, -1);
    mixed = at::matmul(weights, qkv[2]);
    if (attention != nullptr) *attention = weights;
  }
  return proj_->branch(mixed.transpose(1, 2).reshape({batch, tokens, dim}));
}

Mlp::Mlp(std::int64_t dim, std::int64_t hidden)
    : fc1_(register_module("fc1", std::make_shared<Linear>(dim, hidden))),
      fc2_(register_module("fc2", std::make_shared<Linear>(hidden, dim))) {}

Branch Mlp::forward(const at::Tensor& x) {
  if (fc1_->plain() && fc2_->plain() && can_multiply_half(x, fc1_->weight()) && can_multiply_half(x, fc2_->weight()))
    return {half_mlp(x, fc1_->weight(), fc1_->bias(), fc2_->weight()), fc2_->bias()};
  return {fc2_->forward(model::gelu(fc1_->forward(x))), {}};
}

Block::Block(std::int64_t dim, std::int64_t heads, double mlp_ratio, double norm_eps, const BlockOptions& options)
    : options_(options),
      norm1_(register_module("norm1", std::make_shared<LayerNorm>(dim, norm_eps))),
      norm2_(register_module("norm2", std::make_shared<LayerNorm>(dim, norm_eps))) {
  const std::int64_t side = options.window > 0 ? options.window : options.grid;
  attn_ = register_module("attn", std::make_shared<Attention>(dim, heads, options.relative_positions ? side : 0));
  if (options.relative_bias) attn_->add_relative_bias(options.grid);
  mlp_ = register_module("mlp",
                         std::make_shared<Mlp>(dim, static_cast<std::int64_t>(static_cast<double>(dim) * mlp_ratio)));
}

at::Tensor Block::forward(const at::Tensor& x, at::Tensor* attention, at::Generator generator,
                          const Rotation* rotation) {
  return pass({x, {}, {}}, attention, std::move(generator), rotation).sum();
}

Residual Block::pass(const Residual& in, at::Tensor* attention, at::Generator generator, const Rotation* rotation) {
  if (!Recomputation::on() || attention != nullptr) return branches(in, attention, generator, rotation);
  // The second time, what is dropped must be what was dropped the first time, and positions are those of that time.
  const at::Generator before = generator.defined() ? compat::copy_of(generator) : generator;
  const auto positions = rotation == nullptr ? std::optional<Rotation>() : *rotation;
  const auto part = [this, generator, before, positions, first = true](const at::Tensor& x) mutable {
    if (!std::exchange(first, false) && before.defined()) generator = compat::copy_of(before);
    return branches({x, {}, {}}, nullptr, generator, positions ? &*positions : nullptr).sum();
  };
  return {recomputed(part, in.sum(), parameters()), {}, {}};
}

Residual Block::branches(const Residual& in, at::Tensor* attention, at::Generator& generator,
                         const Rotation* rotation) {
  const SumAndNorm first = norm1_->of_sum(in);
  const Branch attended = drop(attend(first.norm, attention, rotation), generator);
  const SumAndNorm second = norm2_->of_sum(first.sum.plus(attended));
  return second.sum.plus(drop(mlp_->forward(second.norm), generator));
}

Branch Block::attend(const at::Tensor& x, at::Tensor* attention, const Rotation* rotation) {
  if (options_.window == 0) return attn_->forward(x, attention, rotation);
  if (attention != nullptr) {
    throw std::invalid_argument(fmt::format(
        "a block that attends within windows of {} tokens has no attention map of the whole image: make it a global "
        "block",
        options_.window));
  }
  const Branch within = attn_->forward(to_windows(x, options_.grid, options_.window));
  return {from_windows(within.value, options_.grid, options_.window), within.bias};
}

Branch Block::drop(const Branch& branch, at::Generator& generator) const {
  if (!draws()) return branch;
  if (!generator.defined()) throw std::logic_error("stochastic depth needs a generator: call Vit::set_generator first");
  const double keep = 1.0 - options_.drop_path;
  const at::Tensor whole = branch.whole();
  const at::Tensor kept = at::empty({whole.size(0), 1, 1}, whole.options().device(generator.device()))
                              .bernoulli_(keep, generator)
                              .to(whole.device());
  return {whole * (kept / keep), {}};
}

at::Tensor to_windows(const at::Tensor& tokens, std::int64_t grid, std::int64_t window) {
  const std::int64_t batch = tokens.size(0), dim = tokens.size(2), count = (grid + window - 1) / window;
  const std::int64_t filling = count * window - grid;
  at::Tensor raster = tokens.reshape({batch, grid, grid, dim});
  if (filling > 0) raster = at::constant_pad_nd(raster, {0, 0, 0, filling, 0, filling});
  return raster.reshape({batch, count, window, count, window, dim})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({batch * count * count, window * window, dim});
}

at::Tensor from_windows(const at::Tensor& windows, std::int64_t grid, std::int64_t window) {
  const std::int64_t count = (grid + window - 1) / window, batch = windows.size(0) / (count * count),
                     dim = windows.size(2);
  return windows.reshape({batch, count, count, window, window, dim})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({batch, count * window, count * window, dim})
      .slice(1, 0, grid)
      .slice(2, 0, grid)
      .reshape({batch, grid * grid, dim});
}

}  // namespace vaso::model
