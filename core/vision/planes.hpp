// Between tensors and plain planes.
#pragma once

#include "vision/grey_image.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstring>

namespace vaso::vision {

// H×W uint8 tensor.
inline at::Tensor to_tensor(const GreyImage& image) {
  at::Tensor tensor = at::empty({image.height, image.width}, at::kByte);
  std::memcpy(tensor.data_ptr(), image.pixels.data(), image.pixels.size());
  return tensor;
}

// From an H×W uint8 tensor on the CPU.
inline GreyImage to_grey(const at::Tensor& tensor) {
  TORCH_CHECK(tensor.dim() == 2 && tensor.scalar_type() == at::kByte, "an H×W uint8 tensor is needed");
  const at::Tensor rows = tensor.contiguous();
  GreyImage image(rows.size(0), rows.size(1));
  std::memcpy(image.pixels.data(), rows.data_ptr(), image.pixels.size());
  return image;
}

}  // namespace vaso::vision
