// Pixels to patches and token states to indices.
#include "sdk/loss.hpp"
#include "sdk/step.hpp"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/sort.h>
#include <ATen/TensorOperators.h>

#include <cmath>

namespace vaso {

std::int64_t MaskPlan::count(std::int8_t of_state) const {
  const std::int64_t counted = counts[static_cast<std::size_t>(of_state - drop)];
  if (counted >= 0) return counted;
  return state.size(0) == 0 ? 0 : state[0].eq(of_state).sum().item<std::int64_t>();
}

at::Tensor tokens_in_state(const MaskPlan& plan, std::int8_t state) {
  const at::Tensor in_state = plan.state == state;
  // A stable sort of "not in this state" brings the wanted tokens to the front in raster order.
  const at::Tensor order =
      std::get<1>(at::sort(in_state.logical_not().to(at::kByte), /*stable=*/true, /*dim=*/1, /*descending=*/false));
  return order.slice(1, 0, plan.count(state)).contiguous();
}

at::Tensor patchify(const at::Tensor& image, std::int64_t patch_size) {
  const std::int64_t batch = image.size(0), channels = image.size(1);
  const std::int64_t rows = image.size(2) / patch_size, columns = image.size(3) / patch_size;
  return image.reshape({batch, channels, rows, patch_size, columns, patch_size})
      .permute({0, 2, 4, 3, 5, 1})
      .reshape({batch, rows * columns, patch_size * patch_size * channels});
}

at::Tensor unpatchify(const at::Tensor& patches, std::int64_t patch_size, std::int64_t channels) {
  const std::int64_t batch = patches.size(0);
  const auto grid = static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(patches.size(1)))));
  return patches.reshape({batch, grid, grid, patch_size, patch_size, channels})
      .permute({0, 5, 1, 3, 2, 4})
      .reshape({batch, channels, grid * patch_size, grid * patch_size});
}

at::Tensor patch_sums(const at::Tensor& map, std::int64_t patch_size) {
  return at::avg_pool2d(map, {patch_size, patch_size}).flatten(1) * static_cast<double>(patch_size * patch_size);
}

PatchStatistics patch_statistics(const at::Tensor& patches) {
  return {patches.mean(-1, /*keepdim=*/true),
          (patches.var(at::IntArrayRef{-1}, /*unbiased=*/true, /*keepdim=*/true) + 1e-6).sqrt()};
}

}  // namespace vaso
