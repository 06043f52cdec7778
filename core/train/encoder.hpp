// An encoder between the settings that describe it, the network, and files.
#pragma once

#include "experiment/settings.hpp"
#include "model/resize_weights.hpp"
#include "sdk/component.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace vaso::train {

// The network that [model] describes, in the sizes of a run.
model::VitShape vit_shape(const experiment::Model& settings, const RunShape& run);

// Why there is no such network; "" where there is one.
std::string refusal(const model::VitShape& shape);

// What the metadata of an encoder's file says of it: format, sizes, and in what it differs from MAE's.
std::map<std::string, std::string> encoder_metadata(const model::VitShape& shape);

// Fills an encoder from a safetensors file, which may hold more, resizing as model::load_encoder does. Throws
// CheckpointError naming the file and what does not fit: tensors, or norm_eps where the file says it.
model::LoadReport load_encoder(model::Vit& vit, const std::string& file, const model::LoadOptions& options);

// The encoder in any file that `vaso weights import` reads, as a network of its own size, in evaluation mode. Throws
// CheckpointError, also where relative positions do not tell which blocks had windows.
std::shared_ptr<model::Vit> open_encoder(const std::filesystem::path& file);

// From the settings `position_resize` and `patch_resize`.
model::LoadOptions load_options(const std::string& position_resize, const std::string& patch_resize);

}  // namespace vaso::train
