// Phase finetune: trains a head on an encoder, selects weights on the validation images, measures them on the test
// images.
#pragma once

#include "train/pretrain.hpp"

namespace vaso::train {

// Trains the only task of a cell made by experiment::with_task to the end, or throws as pretrain() does. Leaves in the
// folder: model.safetensors (encoder, head and what `vaso predict` needs to make them), checkpoint.safetensors,
// test.png, and test/ (see TestPictures). Each epoch logs the losses, learning_rate, images_per_second, waiting_share,
// and "val.METRIC" where it was validated; the epoch of the selected weights gets "test.METRIC", computed once.
// Per-image values of the test images and the convention of every metric go to the database. Returns whether it ended
// before its last epoch because validation had not become better for so long (early_stop).
bool finetune(const config::Node& cell, PluginHost& host, const RunPlace& place, Reporter& reporter);

}  // namespace vaso::train
