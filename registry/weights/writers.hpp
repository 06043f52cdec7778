// Writes weights: safetensors, and PyTorch's zip format for programs that know torch.load alone. All in float32.
#pragma once

#include "weights/tensor.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace vaso::weights {

// Values are asked for once, when they are written: a network need not be in memory whole.
struct NamedValues {
  std::string name;
  Shape shape;
  std::function<std::vector<float>()> values;
};

// Both write FILE whole or not at all, and throw WeightFileError.
void write_safetensors(const std::filesystem::path& file, const std::vector<NamedValues>& tensors,
                       const std::map<std::string, std::string>& metadata);

// What torch.load gives: {key: {name: tensor, …}}, the layout of MAE's checkpoints with key "model".
void write_torch_zip(const std::filesystem::path& file, const std::string& key,
                     const std::vector<NamedValues>& tensors);

}  // namespace vaso::weights
