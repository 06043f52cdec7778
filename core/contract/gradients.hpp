// Gradients against differences of values, in float64.
#pragma once

#include "contract/report.hpp"

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

namespace vaso::contract {

// `value` is a function of what the tensors `places` hold (float64 leaves that want a gradient). Compares its
// derivative along several directions, ⟨∇f, v⟩, with (f(x+hv) − f(x−hv)) / 2h. `of` names the places: "`prediction`".
// Skips the check where values are computed in less than float64 whatever is put in, since they are too coarse then.
void expect_gradient(const std::function<at::Tensor()>& value, const std::vector<at::Tensor>& places,
                     const std::string& of, Report& report);

// For value to be called with in a network: its parameters.
std::vector<at::Tensor> gradients_of(const std::vector<at::Tensor>& parameters);  // zeros where there is none
void forget_gradients(const std::vector<at::Tensor>& parameters);

}  // namespace vaso::contract
