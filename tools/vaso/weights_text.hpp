// What `vaso weights` prints about files of weights and about what became of their tensors.
#pragma once

#include "weights/encoder_plan.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace vaso::cli {

// all: each tensor on its own line; otherwise those of all blocks together.
std::string info_text(const weights::WeightFile& file, bool all);
nlohmann::ordered_json info_json(const weights::WeightFile& file);

// What was taken, changed, filled and dropped.
std::string import_text(const weights::EncoderPlan& plan);
nlohmann::ordered_json import_json(const weights::EncoderPlan& plan);

}  // namespace vaso::cli
