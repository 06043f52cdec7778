// An objective is a whole pre-training method but for its mask and losses: which views it wants, which networks stand
// on the encoder, and what they compute.
#pragma once

#include "sdk/step.hpp"

namespace vaso {

// One crop of each sample. Maps are cropped along with the image.
struct ViewSpec {
  std::string name = "image";
  std::int64_t size = 0;    // pixels; 0 = the model's input
  double least_area = 0.2;  // share of the image's area
  double most_area = 1.0;
  double least_aspect = 3.0 / 4.0;
  double most_aspect = 4.0 / 3.0;
  double flip = 0.5;  // probability of a horizontal flip
};

class VASO_API Objective : public Component {
 public:
  static constexpr const char* kind = "objective";
  ~Objective() override;
  virtual Needs needs() const;
  // Views beyond or instead of the one that [views] describes; the default returns it unchanged. [setup]
  virtual std::vector<ViewSpec> views(const ViewSpec& configured) const;
  // Decoder, predictor, projector. Called once for the student and once for a teacher. [setup]
  virtual std::shared_ptr<torch::nn::Module> network() = 0;
  // The outputs that forward() can give, and the length of their last dimension. [setup]
  virtual std::map<std::string, std::int64_t> outputs() const = 0;
  // Must depend on nothing but its arguments. May stop once `until` is computed. [step]
  virtual Bag forward(Networks& networks, const Bag& batch, const MaskPlan& plan, std::string_view until) = 0;
};

}  // namespace vaso
