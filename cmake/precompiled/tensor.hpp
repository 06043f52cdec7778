// For what reads and writes tensors: Tensor, its methods and operators. Functions come from ATen/ops/NAME.h, one header
// each.
#pragma once

#include "plain.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/TensorOperators.h>
