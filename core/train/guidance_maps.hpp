// Guidance maps of whole images, outside training: for `vaso guidance make`.
#pragma once

#include "model/unext.hpp"
#include "train/guidance_graph.hpp"
#include "train/images.hpp"

#include <string>

namespace vaso::train {

class GuidanceMaps {
 public:
  // `source` must be in the graph. `segmentor`: weights file, "" = none. Throws CheckpointError; std::invalid_argument
  // where the source needs a segmentor and there is none.
  GuidanceMaps(const Recipe& recipe, const GuidanceGraph& guidance, std::string source, const std::string& segmentor);

  // The map of one record at its own size: H×W uint8, 255 = vessel.
  at::Tensor of(const Record& record);

 private:
  const Recipe& recipe_;
  const GuidanceGraph& guidance_;
  std::string source_;
  c10::Device device_;
  std::shared_ptr<model::UnextS> segmentor_;
};

}  // namespace vaso::train
