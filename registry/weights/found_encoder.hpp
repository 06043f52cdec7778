// The vision transformers in a file of weights, whatever they are wrapped in.
#pragma once

#include "weights/key_tables.hpp"
#include "weights/weight_file.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vaso::weights {

struct FoundEncoder {
  std::string group;   // "model", "teacher", ""
  std::string prefix;  // of the names of its tensors: "module.backbone.", ""
  const KeyFamily* family = nullptr;

  // "teacher: backbone.", "model", "the file": where it stands, as --part takes it.
  std::string place() const;
};

// Best first: the one that methods with a teacher are evaluated with, before their student.
std::vector<FoundEncoder> find_encoders(const WeightFile& file);

// What made it, as far as its keys tell: "MAE", "DINOv2 or RAD-DINO", "VasoLab encoder".
std::string recognise(const WeightFile& file, const FoundEncoder& encoder);

// The name of a tensor of this encoder without its prefix; nothing for a tensor of something else.
std::optional<std::string_view> name_within(const FoundEncoder& encoder, const Tensor& tensor);

// "blocks.3.attn.qkv.weight" → 3 and "attn.qkv.weight". DINOv2 in chunks writes blocks.CHUNK.BLOCK, BLOCK counted
// through. Nothing for names outside blocks.
struct BlockName {
  std::int64_t block;
  std::string_view rest;
};
std::optional<BlockName> block_name(const KeyFamily& family, std::string_view name);

}  // namespace vaso::weights
