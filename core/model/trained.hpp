// Which weights a backward pass is to reach.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>

#include <vector>

namespace vaso::model {

// Those that ask for a gradient; none while gradients are off.
inline std::vector<at::Tensor> trained(std::vector<at::Tensor> parameters) {
  std::erase_if(parameters,
                [](const at::Tensor& parameter) { return !c10::GradMode::is_enabled() || !parameter.requires_grad(); });
  return parameters;
}

}  // namespace vaso::model
