// Sums over the rows of a matrix: the gradient of a bias.
#pragma once

#include "cuda/device.hpp"

#include <cstdint>

namespace vaso::cuda {

// Whether column_sums takes that many columns: a multiple of 8, at most 16384.
bool can_sum_columns(std::int64_t columns);

// How many floats of working memory it wants.
std::int64_t column_sums_scratch(std::int64_t columns);

// matrix: rows×columns bf16 → sums: columns float32, added in an order that never changes. All pointers are of the GPU,
// 16-byte aligned. Calls follow each other on one stream. Throws CudaError.
void column_sums(std::int64_t rows, std::int64_t columns, const void* matrix, float* scratch, float* sums,
                 Stream stream);

// The gradient of GELU's (erf) input, from that input and the gradient of its output, all rows×columns bf16, and the
// sums of its columns, as column_sums gives them.
void gelu_backward(std::int64_t rows, std::int64_t columns, const void* in, const void* gradient, void* in_gradient,
                   float* scratch, float* sums, Stream stream);

}  // namespace vaso::cuda
