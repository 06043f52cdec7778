// UPerNet on four blocks of a plain encoder. Sources: Xiao et al., "Unified perceptual parsing for scene
// understanding", ECCV 2018; open-mmlab/mmsegmentation, decode_heads/{uper_head,psp_head}.py; the maps are rescaled as
// in BEiT (microsoft/unilm, beit/semantic_segmentation/backbone/beit.py).
#pragma once

#include "model/conv_blocks.hpp"
#include "model/segmentation_decoder.hpp"

namespace vaso::model {

class UperNet final : public SegmentationDecoder {
 public:
  // options.maps must be 4: they are made 4, 2, 1 and ½ times as large. Throws std::invalid_argument otherwise.
  explicit UperNet(const DecoderOptions& options);
  at::Tensor forward(const std::vector<at::Tensor>& maps, const at::Tensor& image, at::Generator generator) override;

 private:
  at::Tensor pooled_context(const at::Tensor& map);
  double dropout_;
  std::shared_ptr<Sequence<Rescale>> rescale_;
  std::shared_ptr<Sequence<Norm2d>> lateral_norms_;
  std::shared_ptr<Sequence<ConvNorm>> pooled_, smooth_;
  std::shared_ptr<ConvNorm> context_, fuse_;
  std::shared_ptr<Conv2d> classifier_;
};

}  // namespace vaso::model
