#include "weights/timm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>

namespace vaso::weights {
namespace {

constexpr const char* periods_name = "rope_embed.periods";

// "" where a network of timm is this encoder.
std::string lacking(const EncoderShape& shape) {
  if (shape.relative) {
    return "it has relative positions along rows and columns (SAM, LVM-Med), which VisionTransformer, Eva and Beit "
           "lack, and which VisionTransformerSAM has in windows that are no part of the weights";
  }
  if (shape.positions == "none") return "it has no positions at all, and each of timm's networks has some";
  if (!shape.final_norm) return "it ends without a norm, and each of timm's networks of its kind has one";
  if (shape.positions == "relative_bias" && (shape.registers > 0 || !shape.class_token)) {
    return fmt::format("a bias of relative positions with {}: timm has it in Beit, with a class token alone",
                       shape.registers > 0 ? "registers" : "class_token = false");
  }
  return {};
}

std::string network(const EncoderShape& shape) {
  const bool rotary = shape.positions == "rotary", bias = shape.positions == "relative_bias";
  std::string call = fmt::format(
      "model = timm.models.{}(img_size={}, patch_size={}, embed_dim={}, depth={}, num_heads={}, num_classes=0",
      rotary ? "Eva"
      : bias ? "Beit"
             : "VisionTransformer",
      shape.image(), shape.patch, shape.dim, shape.depth, shape.heads);
  if (rotary) {
    call +=
        ", attn_type=\"rope\", use_abs_pos_emb=False, use_rot_pos_emb=True, rope_type=\"dinov3\", "
        "rope_temperature=100, rope_rotate_half=True, use_fc_norm=False, dynamic_img_size=True";
  } else if (bias) {
    call += ", use_abs_pos_emb=False, use_rel_pos_bias=True, global_pool=\"token\"";
  }
  if (shape.registers > 0) {
    call += fmt::format(", {}={}", rotary ? "num_reg_tokens" : "reg_tokens", shape.registers);
    if (!rotary) call += ", no_embed_class=True";
  }
  if (!shape.class_token) call += rotary ? ", class_token=False" : ", class_token=False, global_pool=\"avg\"";
  if (!shape.class_token && !rotary) call += ", fc_norm=False";
  return call + fmt::format(
                    ", norm_layer=functools.partial(torch.nn.LayerNorm, eps={:g})); "
                    "timm.models.load_checkpoint(model, FILE)",
                    shape.norm_eps);
}

// To the nearest, ties to even.
float as_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return std::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
}

// timm computes the periods anew, in float32; DINOv3's own file holds them rounded to bfloat16. What restores those.
std::string periods_restored(const std::vector<float>& periods, const Complaint& complain) {
  const auto equal = [&](const std::function<float(float)>& rounded) {
    for (std::size_t k = 0; k < periods.size(); ++k) {
      const double exact = std::pow(100.0, static_cast<double>(k) / static_cast<double>(periods.size()));
      if (std::abs(periods[k] - rounded(static_cast<float>(exact))) > 1e-6 * exact) return false;
    }
    return true;
  };
  if (equal([](float period) { return period; })) return {};
  if (equal(as_bfloat16)) return "; model.rope.periods.copy_(model.rope.periods.bfloat16())";
  complain(
      "its rotary positions have other periods than 100^(2k/d), and timm's Eva computes those itself; --to torchscript "
      "writes the encoder of a run with its network");
}

NamedValues part_of(const MadeTensor& made, std::string name, Shape shape, std::size_t first,
                    const Complaint& complain) {
  const auto count = static_cast<std::size_t>(element_count(shape).value_or(0));
  return {std::move(name), std::move(shape), [&made, first, count, complain] {
            const std::vector<float> values = made.values(complain);
            const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first);
            return std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(count));
          }};
}

}  // namespace

TimmEncoder as_timm(const EncoderPlan& plan, const Complaint& complain) {
  const EncoderShape& shape = plan.shape;
  if (const std::string why = lacking(shape); !why.empty()) {
    complain("timm has no network for this encoder: {}; --to torchscript writes the encoder of a run with its network",
             why);
  }
  TimmEncoder made;
  std::string restored;
  const bool plain = shape.traits().empty();
  // timm adds positions before it puts class token and registers in front: what the table has for the class token is
  // added to that.
  const bool joined = shape.positions == "table" && shape.registers > 0 && shape.class_token;
  const auto width = static_cast<std::size_t>(shape.dim);
  const auto table = std::find_if(plan.tensors.begin(), plan.tensors.end(),
                                  [](const MadeTensor& tensor) { return tensor.name == "pos_embed"; });
  for (const MadeTensor& tensor : plan.tensors) {
    const std::string& name = tensor.name;
    if (name == periods_name) {
      restored = periods_restored(tensor.values(complain), complain);
    } else if (name == "cls_token" && joined) {
      made.tensors.push_back({name, tensor.shape, [&tensor, &table = *table, width, complain] {
                                std::vector<float> values = tensor.values(complain);
                                const std::vector<float> added = table.values(complain);
                                for (std::size_t i = 0; i < width; ++i) values[i] += added[i];
                                return values;
                              }});
    } else if (name == "pos_embed" && joined) {
      made.tensors.push_back(part_of(tensor, name, {1, shape.grid * shape.grid, shape.dim}, width, complain));
    } else if (name.ends_with(".qkv.bias") && shape.positions == "relative_bias") {
      // The same for every key, a bias of keys is no part of what softmax gives; Beit has none.
      const std::string layer = name.substr(0, name.size() - std::string_view("qkv.bias").size());
      made.tensors.push_back(part_of(tensor, layer + "q_bias", {shape.dim}, 0, complain));
      made.tensors.push_back(part_of(tensor, layer + "v_bias", {shape.dim}, 2 * width, complain));
    } else {
      made.tensors.push_back({name == "register_tokens" ? "reg_token" : name, tensor.shape,
                              [&tensor, complain] { return tensor.values(complain); }});
    }
  }
  made.loading = plain ? "timm.create_model(NAME, num_classes=0, checkpoint_path=FILE)" : network(shape) + restored;
  return made;
}

}  // namespace vaso::weights
