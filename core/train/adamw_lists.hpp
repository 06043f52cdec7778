// One step of AdamW for all parameters at once, in few kernels: what a GPU wants, where a launch costs more than most
// of a network's tensors take.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace vaso::train {

struct AdamWLists {
  struct Numbers {
    double rate;     // learning rate
    double decay;    // weight decay
    std::int64_t t;  // this step, from 1
  };
  std::vector<at::Tensor> parameters, gradients, first, second;  // of equal length, on one device
  std::vector<Numbers> numbers;
};

// Equal to torch.optim.AdamW to rounding. LibTorch's fused kernel where it has one for this device and type (2.x, on a
// GPU), else a dozen kernels over lists of tensors. Call it without gradient.
void update_by_lists(AdamWLists& lists, double beta1, double beta2, double eps);

// The two ways by name, for tests. `fused` returns false, and changes nothing, where LibTorch has no such kernel.
void update_by_foreach(AdamWLists& lists, double beta1, double beta2, double eps);
bool update_fused(AdamWLists& lists, double beta1, double beta2, double eps);

}  // namespace vaso::train
