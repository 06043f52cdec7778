// GELU (erf) in one pass over memory. Its gradient is with the sums that fc1's bias needs: column_sums.hpp.
#pragma once

#include "cuda/device.hpp"

#include <cstdint>

namespace vaso::cuda {

// in, out: `count` bf16, a multiple of 8, of the GPU, 16-byte aligned. Returns while it still works. Throws CudaError.
void gelu(std::int64_t count, const void* in, void* out, Stream stream);

}  // namespace vaso::cuda
