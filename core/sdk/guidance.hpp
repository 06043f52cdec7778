// A guidance source says where vessels are: a map H×W with weights in [0,1].
#pragma once

#include "sdk/dataset.hpp"
#include "sdk/step.hpp"

namespace vaso {

class VASO_API GuidanceSource : public Component {
 public:
  static constexpr const char* kind = "guidance";
  enum class Stage {
    image,  // made once per record at its own size, stored in the pack and cropped with the image (a filter)
    step,   // made in every step from the batch (a network), without gradient
  };
  ~GuidanceSource() override;
  virtual Stage stage() const = 0;
  virtual Needs needs() const;
  // Other sources that this one combines, by component name ("frangi"). Their maps arrive in this order. [setup]
  virtual std::vector<std::string> inputs() const;
  // Stage::image: H×W uint8, 255 = vessel. [any thread]
  virtual at::Tensor map(const Record& record) const;
  // Stage::step: B×1×H×W float in [0,1]; inputs likewise. [step]
  virtual at::Tensor map(StepContext& step, const std::vector<at::Tensor>& inputs);
};

}  // namespace vaso
