// Sources: facebookresearch/{mae,dino,dinov2,dinov3,ijepa,moco-v3,segment-anything}, bytedance/ibot, microsoft/SimMIM,
// microsoft/unilm (BEiT), huggingface/pytorch-image-models (vision_transformer.py) and huggingface/transformers
// (models/{vit,vit_mae,dinov2,dinov2_with_registers,ijepa,dinov3_vit,beit}).
#include "weights/key_tables.hpp"

#include <array>

namespace vaso::weights {
namespace {

constexpr const char *rotary_mixed = "rotary positions of another kind than DINOv3's, which our encoder lacks",
                     *gated = "a gated MLP (SwiGLU), which our encoder lacks",
                     *second_norm = "a norm of queries and keys, which our encoder lacks",
                     *early_norm =
                         "a norm before the first block or after the patch embedding, which our encoder lacks",
                     *distillation = "a distillation token, which our encoder lacks",
                     *low_rank = "low-rank additions (LoRA) that are not merged into their weights",
                     *mask = "stands for hidden patches in pre-training", *head = "of a head",
                     *decoder = "of the decoder", *place = "computed from the size of the grid",
                     *pooled_norm = "of a classifier that averages tokens";

constexpr Key timm_top[] = {
    {"cls_token", "cls_token"},
    {"pos_embed", "pos_embed"},
    {"patch_embed.proj.weight", "patch_embed.proj.weight"},
    {"patch_embed.proj.bias", "patch_embed.proj.bias"},
    {"norm.weight", "norm.weight"},
    {"norm.bias", "norm.bias"},
    {"mask_token", mask, Role::drop},
    {"masked_embed", mask, Role::drop},
    {"head.", head, Role::drop},
    {"decoder*", decoder, Role::drop},
    {"fc_norm.", pooled_norm, Role::drop},
    {"register_tokens", "register_tokens"},  // DINOv2
    {"storage_tokens", "register_tokens"},   // DINOv3
    {"reg_token", "register_tokens"},        // timm
    {"dist_token", distillation, Role::refuse},
    {"rope_embed.periods", "rope_embed.periods"},
    {"rope*", rotary_mixed, Role::refuse},
    {"rel_pos_bias.relative_position_bias_table", "attn.relative_position_bias_table", Role::shared},
    {"rel_pos_bias.relative_position_index", place, Role::drop},
    {"neck.", "of SAM's decoder", Role::drop},
    {"norm_pre.", early_norm, Role::refuse},
    {"ln_pre.", early_norm, Role::refuse},
    {"patch_embed.norm.", early_norm, Role::refuse},
};

constexpr Key timm_inside[] = {
    {"norm1.weight", "norm1.weight"},
    {"norm1.bias", "norm1.bias"},
    {"attn.qkv.weight", "attn.qkv.weight"},
    {"attn.qkv.bias", "attn.qkv.bias"},
    {"attn.q_bias", "attn.qkv.bias", Role::query},
    {"attn.k_bias", "attn.qkv.bias", Role::key},
    {"attn.v_bias", "attn.qkv.bias", Role::value},
    {"attn.proj.weight", "attn.proj.weight"},
    {"attn.proj.bias", "attn.proj.bias"},
    {"norm2.weight", "norm2.weight"},
    {"norm2.bias", "norm2.bias"},
    {"mlp.fc1.weight", "mlp.fc1.weight"},
    {"mlp.fc1.bias", "mlp.fc1.bias"},
    {"mlp.fc2.weight", "mlp.fc2.weight"},
    {"mlp.fc2.bias", "mlp.fc2.bias"},
    {"mlp.lin1.weight", "mlp.fc1.weight"},  // SAM
    {"mlp.lin1.bias", "mlp.fc1.bias"},
    {"mlp.lin2.weight", "mlp.fc2.weight"},
    {"mlp.lin2.bias", "mlp.fc2.bias"},
    {"ls1.gamma", "attn.proj", Role::scale},
    {"ls2.gamma", "mlp.fc2", Role::scale},
    {"gamma_1", "attn.proj", Role::scale},
    {"gamma_2", "mlp.fc2", Role::scale},
    {"attn.rel_pos_h", "attn.rel_pos_h"},
    {"attn.rel_pos_w", "attn.rel_pos_w"},
    {"attn.relative_position_bias_table", "attn.relative_position_bias_table"},
    {"attn.relative_position_index", place, Role::drop},
    {"attn.rope*", rotary_mixed, Role::refuse},
    {"attn.qkv.bias_mask", "attn.qkv.bias", Role::mask},
    {"attn.q_norm.", second_norm, Role::refuse},
    {"attn.k_norm.", second_norm, Role::refuse},
    {"*.lora_a", low_rank, Role::refuse},
    {"*.lora_b", low_rank, Role::refuse},
    {"mlp.w12.", gated, Role::refuse},
    {"mlp.w1.", gated, Role::refuse},
    {"mlp.w2.", gated, Role::refuse},
    {"mlp.w3.", gated, Role::refuse},
};

constexpr Key transformers_top[] = {
    {"embeddings.cls_token", "cls_token"},
    {"embeddings.position_embeddings", "pos_embed"},
    {"embeddings.patch_embeddings.projection.weight", "patch_embed.proj.weight"},
    {"embeddings.patch_embeddings.projection.bias", "patch_embed.proj.bias"},
    {"layernorm.weight", "norm.weight"},
    {"layernorm.bias", "norm.bias"},
    {"embeddings.mask_token", mask, Role::drop},
    {"pooler.", head, Role::drop},
    {"decoder.", decoder, Role::drop},
    {"embeddings.register_tokens", "register_tokens"},
    {"embeddings.distillation_token", distillation, Role::refuse},
    {"encoder.relative_position_bias.relative_position_bias_table", "attn.relative_position_bias_table", Role::shared},
    {"encoder.relative_position_bias.relative_position_index", place, Role::drop},
};

constexpr Key transformers_inside[] = {
    {"layernorm_before.weight", "norm1.weight"},
    {"layernorm_before.bias", "norm1.bias"},
    {"norm1.weight", "norm1.weight"},
    {"norm1.bias", "norm1.bias"},
    {"attention.attention.query.weight", "attn.qkv.weight", Role::query},
    {"attention.attention.query.bias", "attn.qkv.bias", Role::query},
    {"attention.attention.key.weight", "attn.qkv.weight", Role::key},
    {"attention.attention.key.bias", "attn.qkv.bias", Role::key},
    {"attention.attention.value.weight", "attn.qkv.weight", Role::value},
    {"attention.attention.value.bias", "attn.qkv.bias", Role::value},
    {"attention.output.dense.weight", "attn.proj.weight"},
    {"attention.output.dense.bias", "attn.proj.bias"},
    {"layernorm_after.weight", "norm2.weight"},
    {"layernorm_after.bias", "norm2.bias"},
    {"norm2.weight", "norm2.weight"},
    {"norm2.bias", "norm2.bias"},
    {"intermediate.dense.weight", "mlp.fc1.weight"},
    {"intermediate.dense.bias", "mlp.fc1.bias"},
    {"mlp.fc1.weight", "mlp.fc1.weight"},
    {"mlp.fc1.bias", "mlp.fc1.bias"},
    {"output.dense.weight", "mlp.fc2.weight"},
    {"output.dense.bias", "mlp.fc2.bias"},
    {"mlp.fc2.weight", "mlp.fc2.weight"},
    {"mlp.fc2.bias", "mlp.fc2.bias"},
    {"layer_scale1.lambda1", "attn.proj", Role::scale},
    {"layer_scale2.lambda1", "mlp.fc2", Role::scale},
    {"lambda_1", "attn.proj", Role::scale},
    {"lambda_2", "mlp.fc2", Role::scale},
    {"attention.attention.relative_position_bias.relative_position_bias_table", "attn.relative_position_bias_table"},
    {"attention.attention.relative_position_bias.relative_position_index", place, Role::drop},
    {"mlp.weights_in.", gated, Role::refuse},
    {"mlp.weights_out.", gated, Role::refuse},
};

// DINOv3 of transformers: its rotary positions are computed and stand in no file.
constexpr Key dinov3_top[] = {
    {"embeddings.cls_token", "cls_token"},
    {"embeddings.register_tokens", "register_tokens"},
    {"embeddings.patch_embeddings.weight", "patch_embed.proj.weight"},
    {"embeddings.patch_embeddings.bias", "patch_embed.proj.bias"},
    {"norm.weight", "norm.weight"},
    {"norm.bias", "norm.bias"},
    {"embeddings.mask_token", mask, Role::drop},
};

constexpr Key dinov3_inside[] = {
    {"norm1.weight", "norm1.weight"},
    {"norm1.bias", "norm1.bias"},
    {"attention.q_proj.weight", "attn.qkv.weight", Role::query},
    {"attention.q_proj.bias", "attn.qkv.bias", Role::query},
    {"attention.k_proj.weight", "attn.qkv.weight", Role::key},
    {"attention.k_proj.bias", "attn.qkv.bias", Role::key},
    {"attention.v_proj.weight", "attn.qkv.weight", Role::value},
    {"attention.v_proj.bias", "attn.qkv.bias", Role::value},
    {"attention.o_proj.weight", "attn.proj.weight"},
    {"attention.o_proj.bias", "attn.proj.bias"},
    {"layer_scale1.lambda1", "attn.proj", Role::scale},
    {"norm2.weight", "norm2.weight"},
    {"norm2.bias", "norm2.bias"},
    {"mlp.up_proj.weight", "mlp.fc1.weight"},
    {"mlp.up_proj.bias", "mlp.fc1.bias"},
    {"mlp.down_proj.weight", "mlp.fc2.weight"},
    {"mlp.down_proj.bias", "mlp.fc2.bias"},
    {"layer_scale2.lambda1", "mlp.fc2", Role::scale},
    {"mlp.gate_proj.", gated, Role::refuse},
};

constexpr std::array<KeyFamily, 3> families = {{
    {"timm", "patch_embed.proj.weight", "blocks.", timm_top, timm_inside},
    {"transformers", "embeddings.patch_embeddings.projection.weight", "encoder.layer.", transformers_top,
     transformers_inside},
    {"DINOv3 of transformers", "embeddings.patch_embeddings.weight", "layer.", dinov3_top, dinov3_inside},
}};

}  // namespace

std::span<const KeyFamily> key_families() { return families; }

const Key* find_key(std::span<const Key> keys, std::string_view name) {
  for (const Key& key : keys) {
    const std::string_view pattern = key.theirs;
    const bool found = pattern.starts_with('*') ? name.ends_with(pattern.substr(1))
                       : pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                       : pattern.ends_with('.') ? name.starts_with(pattern)
                                                : name == pattern;
    if (found) return &key;
  }
  return nullptr;
}

}  // namespace vaso::weights
