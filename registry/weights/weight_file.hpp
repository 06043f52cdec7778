// Any file of weights that is read here, opened: its tensors lie in the mapped file, and no code of it is run.
#pragma once

#include "weights/tensor.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace vaso::weights {

struct WeightFile {
  std::filesystem::path file;
  std::string format;  // "safetensors", "PyTorch zip", "PyTorch legacy"
  std::vector<Tensor> tensors;
  std::map<std::string, std::string> metadata;  // of safetensors; else scalars of the checkpoint: "epoch", "args/model"
  std::shared_ptr<const MappedFile> mapping;    // what the tensors' bytes lie in
};

// Recognises the format by the first bytes. Throws WeightFileError with the file, the offset or tensor, and what to do.
WeightFile open_weights(const std::filesystem::path& file);

// The readers behind it. Each fills tensors and metadata from the file's bytes.
void read_safetensors(WeightFile& into);
void read_torch_zip(WeightFile& into);
void read_torch_legacy(WeightFile& into);

}  // namespace vaso::weights
