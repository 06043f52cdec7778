// Vision transformers by name: "vit_b_16".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vaso::weights {

struct EncoderShape {
  std::int64_t dim = 0, depth = 0, heads = 0;
  std::int64_t patch = 0;  // side of a patch, pixels
  std::int64_t grid = 0;   // patches along a side; 0 where nothing tells
  bool class_token = true;

  // In what an encoder differs from MAE's, as [model] of an experiment says it.
  std::string positions = "table";  // "rotary" (DINOv3), "relative_bias" (SimMIM, BEiT), "none"
  bool relative = false;            // decomposed relative positions (SAM): downstream.NAME.relative_positions
  std::int64_t registers = 0;
  bool final_norm = true;
  double norm_eps = 1e-6;
  // "registers = 4, positions = \"rotary\", norm_eps = 1e-05": what [model] needs beside its sizes; "" for MAE's.
  std::string traits() const;
  std::int64_t image() const { return grid * patch; }
};

// "vit_b_16" where width, depth and heads are those of a ViT with a name, else "ViT 24/1/2 (dim/depth/heads), patch 8".
std::string architecture_name(const EncoderShape& shape);

// The heads of the named ViT of this width; 0 where there is none.
std::int64_t usual_heads(std::int64_t dim);

// What a name says: dim, depth, heads and patch. Nothing for a name that is none.
std::optional<EncoderShape> named_architecture(std::string_view name);

// "vit_ti_16", …: for messages.
std::vector<std::string> architecture_names();

}  // namespace vaso::weights
