// Pieces of work, each on a thread of its own. at::parallel_for is no loop over threads here: LibTorch's header makes
// it one only in files that are compiled with OpenMP, and those are this folder's.
#pragma once

#include <cstdint>
#include <functional>

namespace vaso::kernels {

// work(0) … work(count−1), as many at once as there are threads. Whatever would use several threads itself, matrix
// products and LibTorch's operators included, uses one within. The first exception is thrown again when all are done.
void on_threads(std::int64_t count, const std::function<void(std::int64_t)>& work);

// Whether that is where we are.
bool on_one_of_threads();

}  // namespace vaso::kernels
