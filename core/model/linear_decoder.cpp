#include "model/linear_decoder.hpp"

#include "model/conv_blocks.hpp"

#include <ATen/ATen.h>

namespace vaso::model {

LinearDecoder::LinearDecoder(const DecoderOptions& options)
    : dropout_(options.dropout),
      classifier_(register_module("classifier",
                                  std::make_shared<Conv2d>(options.maps * options.encoder_dim, options.outputs, 1))) {}

at::Tensor LinearDecoder::forward(const std::vector<at::Tensor>& maps, const at::Tensor& image,
                                  at::Generator generator) {
  const at::Tensor features = maps.size() == 1 ? maps[0] : at::cat(maps, 1);
  return resized(classifier_->forward(drop_channels(features, dropout_, generator)), image.size(2), image.size(3));
}

}  // namespace vaso::model
