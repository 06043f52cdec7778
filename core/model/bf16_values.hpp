// A bf16 tensor's memory as the kernels for CPUs take it.
#pragma once

#include "kernels/bfloat16.hpp"

#include <ATen/core/Tensor.h>

namespace vaso::model {

inline kernels::Bfloat16* bf16_values(const at::Tensor& tensor) {
  return static_cast<kernels::Bfloat16*>(tensor.data_ptr());
}

}  // namespace vaso::model
