// Phase `pretrain`: masked image modelling by the order of steps that every method shares.
#pragma once

#include "train/pretrain_parts.hpp"
#include "train/reporter.hpp"

#include <filesystem>
#include <string>

namespace vaso::train {

struct RunPlace {
  std::filesystem::path folder;   // of this run; exists
  std::filesystem::path cache;    // packs
  std::filesystem::path weights;  // that an earlier phase left: a segmentor, an encoder; "" = none
  bool resume = false;            // go on from folder/checkpoint.safetensors where there is one
};

// Trains to the end, or throws: config::ConfigError, Interrupted (after a checkpoint), CheckpointError, DataError,
// std::runtime_error naming the component that failed. Leaves encoder.safetensors, checkpoint.safetensors, plan.png in
// the folder. Each epoch logs: loss and its terms, learning_rate, images_per_second, waiting_share (of the time, for
// data), vessel_share (patches that hold vessel by the filter mask), masked_vessel_share (of the masked patches),
// guided_patches (an image), and what components log.
void pretrain(const config::Node& cell, PluginHost& host, const RunPlace& place, Reporter& reporter);

}  // namespace vaso::train
