// A batch in parts, one to a thread. On a CPU, threads that share every operator wait for each other at each; those
// that take some of the images each, wait once.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace vaso::model {

// Computes tensors of B' images from x, B'×…, which are images `first` and following of the batch.
using OfImages = std::function<std::vector<at::Tensor>(const at::Tensor& x, std::int64_t first)>;

// Into how many parts a batch x (B×…) is best divided: as many as there are threads, or 1 where x is on a GPU, where
// images do not go round (a twentieth of the time would be lost), within a part, and while a network is traced.
std::int64_t image_parts(const at::Tensor& x);

// of(x, 0), in image_parts(x) parts. Of each image `of` must compute the same whatever the others are, draw nothing at
// random, and use no tensor that asks for a gradient but x and `parameters`. Gradients are added up in the order of the
// parts: the same number of threads gives the same bits.
std::vector<at::Tensor> in_parts(const OfImages& of, const at::Tensor& x, const std::vector<at::Tensor>& parameters);

}  // namespace vaso::model
