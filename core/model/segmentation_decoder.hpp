// From what the encoder makes of an image to a map of logits. Implementations: unet_adapter.hpp, upernet.hpp,
// linear_decoder.hpp and, without an encoder, unet.hpp.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <string>
#include <vector>

namespace vaso::model {

// What all decoders that stand on an encoder need to know.
struct DecoderOptions {
  std::int64_t encoder_dim = 768;
  std::int64_t patch_size = 16;
  std::int64_t maps = 1;     // how many maps of the encoder come in
  std::int64_t outputs = 1;  // channels of the logits
  std::int64_t channels = 32;
  std::string norm = "bn";  // as norm_2d takes it
  double dropout = 0;       // of whole channels before the classifier
};

class SegmentationDecoder : public torch::nn::Module {
 public:
  // maps: the encoder's, B×D×g×g each, from shallow to deep. image: B×3×S×S, normalised. → B×outputs×S×S logits.
  // generator: what dropout draws from; not defined = no dropout.
  virtual at::Tensor forward(const std::vector<at::Tensor>& maps, const at::Tensor& image,
                             at::Generator generator = {}) = 0;
};

// First weights of a decoder, each parameter from its own stream keyed by (seed, prefix + name): convolutions from a
// normal distribution as He et al. 2015 (fan-out, gain of a ReLU; transposed ones, whose strides do not overlap, by
// their inputs), those named "classifier" from N(0,.01) so that a task begins undecided; norms 1 and 0, biases 0.
// Buffers, and the global generator, are not touched.
void initialise_decoder(torch::nn::Module& module, std::uint64_t seed, const std::string& prefix = "");

}  // namespace vaso::model
