// Comparing and describing tensors.
#pragma once

#include "sdk/component.hpp"

#include <string>

namespace vaso::contract {

// Equal type, shape and values; undefined equals undefined.
bool same(const at::Tensor& a, const at::Tensor& b);
bool same(const Bag& a, const Bag& b);

// "3×64 int8", "undefined".
std::string text_of(const at::Tensor& tensor);
// "12 of 192 values differ", "3×64 int8 against 3×64 float".
std::string difference(const at::Tensor& a, const at::Tensor& b);

bool all_finite(const at::Tensor& tensor);

// What a checkpoint makes of a state: written to a file and read again.
Bag through_a_file(const Bag& state);

// The largest |a − b| over the largest |b| (at least 1e-6), in float64 on the CPU.
double relative_error(const at::Tensor& a, const at::Tensor& b);

}  // namespace vaso::contract
