// From a pooled region to its description, and from that to classes and boxes.
#pragma once

#include "model/conv_blocks.hpp"

#include <memory>
#include <string>
#include <utility>

namespace vaso::detection {

struct BoxHeadOptions {
  std::int64_t channels = 256, bins = 7;  // of a pooled region
  std::int64_t classes = 1;               // without background
  std::int64_t convolutions = 0;          // 3×3 with norm and ReLU, then one fully connected layer; 0 = none, then two
  std::string norm = "ln";                // of the convolutions, as model::norm_2d takes it
  std::int64_t width = 1024;              // of the fully connected layers
};

// Two fully connected layers as in FPN, or four convolutions and one as in ViTDet (arXiv 2203.16527).
class BoxHead : public torch::nn::Module {
 public:
  explicit BoxHead(const BoxHeadOptions& options);
  // R×channels×bins×bins → class logits R×(classes+1), background last; box codes R×classes×4. float32 (or float64).
  std::pair<at::Tensor, at::Tensor> forward(const at::Tensor& regions);

 private:
  std::int64_t classes_;
  std::shared_ptr<model::Sequence<model::ConvNorm>> convs_;
  std::shared_ptr<model::Sequence<model::Linear>> fully_connected_;
  std::shared_ptr<model::Linear> class_, box_;
};

}  // namespace vaso::detection
