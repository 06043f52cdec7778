// A loss term: a function of the step, weighted and summed by the host.
#pragma once

#include "sdk/step.hpp"

namespace vaso {

class VASO_API LossTerm : public Component {
 public:
  static constexpr const char* kind = "loss";
  ~LossTerm() override;
  virtual Needs needs() const;
  // A scalar, with gradient. Called after the student's forward. [step]
  virtual at::Tensor value(StepContext& step) = 0;
};

// Mean and standard deviation (unbiased, sqrt(var + 1e-6)) of each patch: B×L×1 each. MAE's per-patch normalisation.
struct PatchStatistics {
  at::Tensor mean;
  at::Tensor deviation;
};
VASO_API PatchStatistics patch_statistics(const at::Tensor& patches);

}  // namespace vaso
