// kernels/add_norm.hpp on a GPU, where separate kernels with a change of type after them are bound by bytes most of
// all.
#pragma once

#include "cuda/device.hpp"
#include "kernels/add_norm.hpp"

#include <cstdint>

namespace vaso::cuda {

// Whether the kernels take rows of that length: a multiple of 8, at most 1280.
bool can_norm(std::int64_t columns);

using kernels::AddNorm;
using kernels::AddNormBackward;

// All pointers are of the GPU, 16-byte aligned.
// Returns while it still works. Throws CudaError, as the next one does.
void add_norm(const AddNorm& work, Stream stream);

// `partial` has partial_rows() for add_norm_partials().
std::int64_t partial_rows();
void add_norm_backward(const AddNormBackward& work, Stream stream);

}  // namespace vaso::cuda
