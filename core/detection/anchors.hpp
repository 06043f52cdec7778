// Anchors: the boxes that a region proposal network starts from, some at every cell of every pyramid level.
// Source: Faster R-CNN, arXiv 1506.01497; one size a level: FPN, arXiv 1612.03144.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace vaso::detection {

struct AnchorOptions {
  std::vector<std::vector<double>> sizes;        // per level: square roots of the areas, pixels
  std::vector<double> ratios = {0.5, 1.0, 2.0};  // height over width
  bool rounded = false;                          // corners rounded to whole pixels, as torchvision does

  std::int64_t per_cell(std::size_t level) const {
    return static_cast<std::int64_t>(sizes[level].size() * ratios.size());
  }
};

// Anchors of one level around the origin, by ratio and within a ratio by size: A×4.
at::Tensor cell_anchors(const AnchorOptions& options, std::size_t level);

// Anchors of a map of height×width cells, cell (0, 0) centred on the origin: (height·width·A)×4, in the order row,
// column, anchor. On the device and in the type of `like`.
at::Tensor level_anchors(const AnchorOptions& options, std::size_t level, std::int64_t height, std::int64_t width,
                         double stride, const at::Tensor& like);

}  // namespace vaso::detection
