// A network as one TorchScript file, which Python (torch.jit.load) and C++ (torch::jit::load) run without this project.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace vaso::train {

// What of the file is called under one name: "forward" as module(image), any other as module.NAME(image).
struct ScriptMethod {
  std::string name;
  std::function<at::Tensor(const at::Tensor&)> compute;  // of a B×3×S×S image, with the networks below
};

struct Script {
  std::vector<std::pair<std::string, torch::nn::Module*>>
      networks;  // "encoder" and "head": in evaluation mode, on a CPU
  std::vector<ScriptMethod> methods;
  std::int64_t image_size = 0;               // S
  std::map<std::string, std::string> files;  // more files within the file, by name: "vasolab.json"
};

// Records every method on example images of two batch sizes, so that numbers which belong to the batch can be told from
// all others, and writes the file whole or not at all. Before that it is read again and has to give on images of a
// third batch size what the networks give. Throws CheckpointError where a method does not do the same to every image (a
// number of boxes, a choice by value), or the file cannot be written.
void export_torchscript(const std::filesystem::path& file, const Script& script);

}  // namespace vaso::train
