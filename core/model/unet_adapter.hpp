// A U-Net decoder on a plain encoder: maps of one size become a pyramid of five, and the image itself is the finest.
// Source: LeapLabTHU/CheXWorld, models/unet_adapter.py: UNetAdapter (pyramid, decoder, 3×3 classifier) and
// models/unet_adapter_conv.py: UnetrDecoder.in_encoder (the image branch), which the fine-tuning of VasoMIM follows.
#pragma once

#include "model/conv_blocks.hpp"
#include "model/segmentation_decoder.hpp"

namespace vaso::model {

class UnetAdapter final : public SegmentationDecoder {
 public:
  static constexpr std::int64_t kLevels = 5;

  // Levels have channels·{1,2,4,8,16} channels at strides of 2, 4, 8, 16 and 32 pixels (of a patch size that is no
  // power of two: as if it were the nearest one, and the logits are resized). options.maps: 1 for all levels, or 5, the
  // first for the finest; throws std::invalid_argument otherwise. image_branch: the image, through a double
  // convolution, is joined to the last step; without it all that the decoder sees has passed the encoder.
  UnetAdapter(const DecoderOptions& options, bool image_branch);
  at::Tensor forward(const std::vector<at::Tensor>& maps, const at::Tensor& image, at::Generator generator) override;

 private:
  double dropout_;
  std::shared_ptr<DoubleConv> image_;  // null without the branch
  std::shared_ptr<Sequence<Rescale>> rescale_;
  std::shared_ptr<Sequence<DoubleConv>> steps_;
  std::shared_ptr<Conv2d> classifier_;
};

}  // namespace vaso::model
