// A linear probe: one 1×1 convolution on the encoder's maps, and bilinear interpolation to the size of the image.
// Source: Oquab et al., "DINOv2", arXiv 2304.07193, §7.4 (linear; with several maps, their channels side by side).
#pragma once

#include "model/layers.hpp"
#include "model/segmentation_decoder.hpp"

namespace vaso::model {

class LinearDecoder final : public SegmentationDecoder {
 public:
  // options.channels and options.norm play no part: there is nothing between the maps and the classifier.
  explicit LinearDecoder(const DecoderOptions& options);
  at::Tensor forward(const std::vector<at::Tensor>& maps, const at::Tensor& image, at::Generator generator) override;

 private:
  double dropout_;
  std::shared_ptr<Conv2d> classifier_;
};

}  // namespace vaso::model
