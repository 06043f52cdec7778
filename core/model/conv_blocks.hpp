// Convolutions with their norm and activation, and changes of size: what the decoders are built from.
#pragma once

#include "model/layers.hpp"

#include <ATen/core/Generator.h>

#include <string>

namespace vaso::model {

enum class Activation { none, relu, gelu };

// Convolution ("conv", without bias), norm ("norm"), activation.
class ConvNorm : public torch::nn::Module {
 public:
  // norm: as norm_2d takes it.
  ConvNorm(std::int64_t in, std::int64_t out, std::int64_t kernel, const std::string& norm,
           Activation activation = Activation::relu);
  // B×in×H×W → B×out×H×W.
  at::Tensor forward(const at::Tensor& x);

 private:
  Activation activation_;
  std::shared_ptr<Conv2d> conv_;
  std::shared_ptr<Norm2d> norm_;
};

// Two 3×3 convolutions with norm and ReLU: the step that U-Nets are made of ("0", "1").
class DoubleConv : public torch::nn::Module {
 public:
  DoubleConv(std::int64_t in, std::int64_t out, const std::string& norm);
  at::Tensor forward(const at::Tensor& x);

 private:
  std::shared_ptr<ConvNorm> first_, second_;
};

// A map of the plain encoder at another size and with other channels (the adapters of BEiT, ViTDet and CheXWorld).
// twice > 0: that many transposed convolutions, each twice as large, with norm and GELU between them; all but the last
// halve the channels. twice = 0: a 1×1 convolution. twice < 0: made half as large so often by a max pooling, then a 1×1
// convolution.
class Rescale : public torch::nn::Module {
 public:
  Rescale(std::int64_t in, std::int64_t out, std::int64_t twice, const std::string& norm);
  // B×in×H×W → B×out×H'×W'; a size that cannot be halved is rounded up.
  at::Tensor forward(const at::Tensor& x);

 private:
  std::int64_t twice_;
  std::shared_ptr<Sequence<ConvTranspose2d>> up_;
  std::shared_ptr<Sequence<Norm2d>> norms_;
  std::shared_ptr<Conv2d> project_;  // null where twice > 0
};

// Bilinear (align_corners off), or nearest, to rows×columns. In float32 at least, for LibTorch 1.13 interpolates bf16
// five times slower on a CPU.
at::Tensor resized(const at::Tensor& map, std::int64_t rows, std::int64_t columns);
at::Tensor resized_nearest(const at::Tensor& map, std::int64_t rows, std::int64_t columns);

// Whole channels of each image set to zero with chance `rate`, the others scaled by 1/(1 − rate) (nn.Dropout2d). The
// choice comes from `generator`; one that is not defined means evaluation, and changes nothing.
at::Tensor drop_channels(const at::Tensor& map, double rate, at::Generator generator);

}  // namespace vaso::model
