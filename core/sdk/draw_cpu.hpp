// Mask drawing on the CPU, one row after the other over plain memory: small sorts, where LibTorch's operators would go
// over the batch a dozen times.
#pragma once

#include <cstdint>

namespace vaso {

// Marks in each row the `count` tokens that a weighted draw without replacement takes: those with the smallest
// −log(u)/w, exponential clocks of which the first to ring is drawn first. `log_u`: logarithms of even draws from
// (0,1). A weight that is not positive is never drawn. All rows×tokens, row by row; `drawn` holds zeros.
void draw_weighted_rows(const double* weights, const double* log_u, std::int64_t rows, std::int64_t tokens,
                        std::int64_t count, bool* drawn);

// Marks in each row count[row] tokens, or all there are, drawn evenly among those not `taken`: the beginning of a
// Fisher–Yates shuffle. `u`: even draws from [0,1), as many as the counts together. `drawn` holds zeros.
void draw_evenly_rows(const bool* taken, const std::int64_t* count, const double* u, std::int64_t rows,
                      std::int64_t tokens, bool* drawn);

}  // namespace vaso
