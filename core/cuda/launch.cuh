// Runs item functions on a stream of a GPU, and what every kernel may want.
#pragma once

#include "cuda/device.hpp"
#include "cuda/grid.hpp"

#include <cuda_runtime_api.h>

namespace vaso::cuda {

// Throws CudaError where `code` is a fault.
void check(cudaError_t code, const char* doing);

template <class Item>
__global__ void run_items(Extent extent, Item item) {
  const std::int64_t across = std::int64_t{gridDim.x} * blockDim.x, down = std::int64_t{gridDim.y} * blockDim.y;
  const std::int64_t first_column = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const std::int64_t first_row = std::int64_t{blockIdx.y} * blockDim.y + threadIdx.y;
  for (std::int64_t plane = blockIdx.z; plane < extent.planes; plane += gridDim.z) {
    for (std::int64_t row = first_row; row < extent.rows; row += down) {
      for (std::int64_t column = first_column; column < extent.columns; column += across) item(plane, row, column);
    }
  }
}

// Over the 32 threads of a warp; each of them gets it.
__device__ inline float warp_sum(float value) {
  for (int other = 16; other > 0; other /= 2) value += __shfl_xor_sync(~0u, value, other);
  return value;
}

struct OnGpu {
  Stream stream = default_stream;
  const char* doing = "";  // for errors

  template <class Item>
  void operator()(const Extent& extent, const Item& item) const {
    if (extent.empty()) return;
    const Grid grid = grid_for(extent);
    run_items<<<dim3(grid.columns, grid.rows, grid.planes), dim3(Grid::block_columns, Grid::block_rows), 0,
                static_cast<cudaStream_t>(stream)>>>(extent, item);
    check(cudaGetLastError(), doing);
  }
};

}  // namespace vaso::cuda
