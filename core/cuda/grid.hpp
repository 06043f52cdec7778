// How items are dealt out to blocks of threads.
#pragma once

#include "cuda/for_each.hpp"

#include <algorithm>

namespace vaso::cuda {

struct Grid {
  static constexpr unsigned block_columns = 32;  // a warp: neighbours in memory
  static constexpr unsigned block_rows = 8;
  unsigned columns = 0, rows = 0, planes = 0;  // blocks; a thread takes every (blocks × block size)-th item of an axis
};

// No axis has more blocks than a device takes in its second and third (65,535); threads go on where that is too few.
inline Grid grid_for(const Extent& extent) {
  const auto blocks = [](std::int64_t items, std::int64_t size) {
    constexpr std::int64_t most = 65535;
    return static_cast<unsigned>(std::min((items + size - 1) / size, most));
  };
  return {blocks(extent.columns, Grid::block_columns), blocks(extent.rows, Grid::block_rows), blocks(extent.planes, 1)};
}

}  // namespace vaso::cuda
