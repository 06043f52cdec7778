// U-Net: Ronneberger et al., "U-Net: convolutional networks for biomedical image segmentation", MICCAI 2015, in its
// usual form today: padded convolutions, so that the output has the size of the input, and a norm after each.
#pragma once

#include "model/conv_blocks.hpp"
#include "model/segmentation_decoder.hpp"

namespace vaso::model {

struct UnetOptions {
  std::int64_t outputs = 1;
  std::int64_t channels = 64;  // of the finest level; doubled at each of four steps down
  std::string norm = "bn";     // as norm_2d takes it
  bool bilinear = false;       // on the way up: bilinear and a 1×1 convolution, or a transposed convolution
  double dropout = 0;          // of whole channels before the classifier
};

class Unet final : public SegmentationDecoder {
 public:
  static constexpr std::int64_t kSteps = 4;

  explicit Unet(const UnetOptions& options);
  // image: B×3×H×W with sides that are multiples of 16; throws std::invalid_argument otherwise. maps are not looked at.
  at::Tensor forward(const std::vector<at::Tensor>& maps, const at::Tensor& image, at::Generator generator) override;

 private:
  double dropout_;
  std::shared_ptr<Sequence<DoubleConv>> down_, merge_;
  std::shared_ptr<Sequence<ConvTranspose2d>> up_;  // one of these two is null
  std::shared_ptr<Sequence<Conv2d>> narrow_;
  std::shared_ptr<Conv2d> classifier_;
};

}  // namespace vaso::model
