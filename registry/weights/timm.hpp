// An encoder as the networks of timm hold it: VisionTransformer, with registers or without, Eva where positions are
// rotary, Beit where they are a bias. LayerScale is none of it: importing multiplied it into the weights, which is
// exact.
// Source: huggingface/pytorch-image-models, timm/models/{vision_transformer,eva,beit}.py.
#pragma once

#include "weights/encoder_plan.hpp"
#include "weights/writers.hpp"

#include <string>
#include <vector>

namespace vaso::weights {

struct TimmEncoder {
  std::vector<NamedValues> tensors;  // by timm's names; they refer to the plan
  std::string loading;               // Python that makes the network and loads FILE into it strictly
};

// Throws through `complain` where timm has no such network, and says what it lacks.
TimmEncoder as_timm(const EncoderPlan& plan, const Complaint& complain);

}  // namespace vaso::weights
