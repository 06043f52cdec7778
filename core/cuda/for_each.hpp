// Work without an order, item by item: the same item functions run on a GPU and, as their twin, on the CPU.
//
// An item function is a plain struct of sizes and raw pointers whose operator() is compiled for both sides; a recipe
// (resize_recipe.hpp, vessel_recipe.hpp, draw_recipe.hpp) is a list of them, each waiting for the one before. What has
// been tested on the CPU is therefore what a GPU computes; only the launch differs. The .cu files are compiled without
// fused multiply-add, so that both round alike.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define VASO_HOST_DEVICE __host__ __device__
#else
#define VASO_HOST_DEVICE
#endif

namespace vaso::cuda {

// How many items: `columns` are neighbours in memory.
struct Extent {
  std::int64_t planes = 1, rows = 1, columns = 1;
  bool empty() const { return planes <= 0 || rows <= 0 || columns <= 0; }
};

// Calls item(plane, row, column) for each, here and now.
struct OnCpu {
  template <class Item>
  void operator()(const Extent& extent, const Item& item) const {
    for (std::int64_t plane = 0; plane < extent.planes; ++plane) {
      for (std::int64_t row = 0; row < extent.rows; ++row) {
        for (std::int64_t column = 0; column < extent.columns; ++column) item(plane, row, column);
      }
    }
  }
};

}  // namespace vaso::cuda
