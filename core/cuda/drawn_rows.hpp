// Draws on tensors, where the tensors are: on a GPU by the kernel, on the CPU by its twin.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace vaso::cuda {

// `count` tokens of every row (one number, or B int64), drawn without replacement by weights B×L, 0 = never. B×L bool.
// Takes two numbers from the generator, however large the batch is, and waits for nothing.
at::Tensor drawn_rows(const at::Tensor& weights, std::int64_t count, at::Generator generator);
at::Tensor drawn_rows(const at::Tensor& weights, const at::Tensor& count, at::Generator generator);

}  // namespace vaso::cuda
