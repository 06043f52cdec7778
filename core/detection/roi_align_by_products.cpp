#include "detection/roi_align.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

namespace vaso::detection {

namespace {

// Weights of the cells of one axis for each bin of each region: R×bins×cells. low, high: R, in pixels.
at::Tensor axis_weights(const at::Tensor& low, const at::Tensor& high, std::int64_t cells,
                        const RoiAlignOptions& options) {
  const double offset = options.aligned ? 0.5 : 0.0;
  const at::Tensor start = low * options.scale - offset;
  at::Tensor length = high * options.scale - offset - start;
  if (!options.aligned) length = length.clamp_min(1);
  const at::Tensor bin = length / options.bins;
  const at::Tensor samples =
      options.samples > 0 ? at::full_like(bin, static_cast<double>(options.samples)) : at::ceil(bin);
  const std::int64_t most = std::max<std::int64_t>(1, samples.max().item<std::int64_t>());

  const at::Tensor s = at::arange(most, low.options());  // samples beyond a region's own number weigh 0
  const at::Tensor i = at::arange(options.bins, low.options());
  const auto by_region = [](const at::Tensor& x) { return x.view({-1, 1, 1}); };
  at::Tensor position = by_region(start) + i.view({1, -1, 1}) * by_region(bin) +
                        (s + 0.5) * by_region(bin) / by_region(samples.clamp_min(1));  // R×bins×samples
  const at::Tensor counts =
      position.ge(-1).logical_and(position.le(static_cast<double>(cells))).logical_and(s < by_region(samples));
  position = position.clamp(0, static_cast<double>(cells - 1));
  const at::Tensor distance = (position.unsqueeze(-1) - at::arange(cells, low.options())).abs();
  const at::Tensor share = counts.to(low.scalar_type()) / by_region(samples.clamp_min(1));
  return ((1 - distance).clamp_min(0) * share.unsqueeze(-1)).sum(2);
}

}  // namespace

at::Tensor roi_align_by_products(const at::Tensor& features, const at::Tensor& regions,
                                 const RoiAlignOptions& options) {
  const std::int64_t channels = features.size(1), height = features.size(2), width = features.size(3);
  const std::int64_t bins = options.bins;
  const at::ScalarType type = features.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor region = regions.detach().to(type), map = features.to(type);
  if (region.size(0) == 0) return (map.sum() * 0).expand({0, channels, bins, bins}).to(features.scalar_type());
  const at::Tensor rows = axis_weights(region.select(1, 2), region.select(1, 4), height, options);
  const at::Tensor columns = axis_weights(region.select(1, 1), region.select(1, 3), width, options);

  std::vector<at::Tensor> parts, places;
  for (std::int64_t image = 0; image < map.size(0); ++image) {
    const at::Tensor mine = at::nonzero(region.select(1, 0) == image).squeeze(1);
    const std::int64_t count = mine.size(0);
    if (count == 0) continue;
    const at::Tensor by_row = map[image].transpose(0, 1).reshape({height, channels * width});
    const at::Tensor squeezed = at::matmul(rows.index_select(0, mine).reshape({count * bins, height}), by_row)
                                    .view({count, bins * channels, width});
    const at::Tensor pooled = at::bmm(squeezed, columns.index_select(0, mine).transpose(1, 2));
    parts.push_back(pooled.view({count, bins, channels, bins}).transpose(1, 2));
    places.push_back(mine);
  }
  return at::cat(parts).index_select(0, at::argsort(at::cat(places))).to(features.scalar_type());
}

}  // namespace vaso::detection
