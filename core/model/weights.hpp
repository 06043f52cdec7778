// Between a network and the tensors of a checkpoint.
#pragma once

#include "sdk/component.hpp"

#include <torch/nn/module.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace vaso::model {

class WeightError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Parameters and buffers under their full names, `prefix` before each. The tensors are the module's own, not copies.
Bag weights(const torch::nn::Module& module, const std::string& prefix = "");

// Copies tensors into the module, converting type and device. Every parameter and buffer of the module must be there
// with its shape; otherwise nothing is changed and WeightError lists what is missing and what differs. Returns the
// names that begin with `prefix` and were not used (a decoder's, where an encoder is loaded), sorted.
std::vector<std::string> load_weights(torch::nn::Module& module, const Bag& from, const std::string& prefix = "");

}  // namespace vaso::model
