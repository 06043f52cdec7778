// Weights of others as an encoder of ours, and an encoder of ours as weights that others load.
#pragma once

#include "weights/encoder_plan.hpp"

#include <filesystem>
#include <string>

namespace vaso::weights {

// Writes FILE as core/train does: names of timm, float32, metadata with format, image_size, patch_size, heads and, for
// weights that are not ours, where they come from. Works as model.init_from and downstream.NAME.weights.
void write_encoder(const EncoderPlan& plan, const WeightFile& from, const std::filesystem::path& file);

enum class Layout {
  timm,         // one file: the network of timm that is the encoder, without head (timm.hpp)
  huggingface,  // a folder: model.safetensors and config.json of transformers' ViTModel without pooler
  mae,          // one file: {"model": …} of facebookresearch/mae, with the decoder where the source has one
};

struct Exported {
  std::vector<std::filesystem::path> files;
  std::size_t tensors = 0;
  bool decoder = false;  // mae: the decoder is in it, so that MaskedAutoencoderViT loads it strictly
  std::string loading;   // timm: Python that makes the network and loads FILE into it
};

// A `.pth` or `.pt` file is PyTorch's zip format, any other is safetensors.
Exported export_encoder(const EncoderPlan& plan, const WeightFile& from, Layout layout,
                        const std::filesystem::path& to);

}  // namespace vaso::weights
