#include "model/relative_bias.hpp"

#include <ATen/ATen.h>

namespace vaso::model {

at::Tensor relative_bias(const at::Tensor& table, std::int64_t grid) {
  const at::Tensor raster = at::arange(grid * grid, table.options().dtype(at::kLong).requires_grad(false));
  const at::Tensor y = at::floor_divide(raster, grid), x = raster - y * grid;
  const std::int64_t span = 2 * grid - 1, patches = grid * grid, distances = span * span;
  const auto difference = [&](const at::Tensor& place) { return place.unsqueeze(1) - place.unsqueeze(0) + (grid - 1); };
  at::Tensor row = at::constant_pad_nd(difference(y) * span + difference(x), {1, 0, 1, 0});
  row.narrow(0, 0, 1).fill_(distances);
  row.narrow(1, 0, 1).fill_(distances + 1);
  row.narrow(0, 0, 1).narrow(1, 0, 1).fill_(distances + 2);
  return table.index_select(0, row.flatten())
      .reshape({1 + patches, 1 + patches, table.size(1)})
      .permute({2, 0, 1})
      .unsqueeze(0);
}

}  // namespace vaso::model
