// A masking strategy that hides nothing.
#pragma once

#include "sdk/masking.hpp"
#include "sdk/plugin.hpp"

#include <ATen/ATen.h>

class KeepAll : public vaso::MaskingStrategy {
 public:
  KeepAll(const vaso::NoParameters&, const vaso::RunShape& shape) : shape_(shape) {}
  vaso::MaskPlan plan(vaso::StepContext& step) override {
    const auto batch = step.batch().at("image").size(0);
    return {at::full({batch, shape_.tokens()}, vaso::MaskPlan::keep, at::kChar), {}};
  }

 private:
  vaso::RunShape shape_;
};
