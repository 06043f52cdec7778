// Fine-tuning by low-rank additions. Source: Hu et al., "LoRA: low-rank adaptation of large language models", ICLR 2022
// (arXiv 2106.09685; microsoft/LoRA, loralib/layers.py).
#pragma once

#include "model/vit.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vaso::model {

// Freezes the encoder and gives the linear layers of these names ("qkv", "proj", "fc1", "fc2"), in every block, a
// trained low-rank part: W + (alpha/rank)·B·A. A is uniform in ±1/√in as in loralib, each from its own stream keyed by
// (seed, name); B is zero, so that the encoder computes what it did. Call it after the encoder's weights are in place.
// Throws std::invalid_argument naming an unknown target with near names, for none at all, and for a rank below 1.
void add_lora(Vit& vit, std::int64_t rank, double alpha, const std::vector<std::string>& targets, std::uint64_t seed);

// Folds the low-rank parts into the weights: the same output from an encoder with the released names only. It stays
// frozen.
void merge_lora(Vit& vit);

}  // namespace vaso::model
