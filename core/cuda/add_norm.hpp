// kernels/add_norm.hpp on a GPU.
#pragma once

#include "cuda/device.hpp"
#include "kernels/add_norm.hpp"

#include <cstdint>

namespace vaso::cuda {

// Whether the kernels take rows of that length: a multiple of 8, at most 1280.
bool can_norm(std::int64_t columns);

using kernels::AddNorm;
using kernels::AddNormBackward;

// All pointers are of the GPU, 16-byte aligned. Both return while it still works, and throw CudaError.
void add_norm(const AddNorm& work, Stream stream);
void add_norm_backward(const AddNormBackward& work, Stream stream);

// How many rows of partial sums that one leaves, instead of add_norm_partials().
std::int64_t partial_rows();

}  // namespace vaso::cuda
