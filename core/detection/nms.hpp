// Non-maximum suppression: of boxes that overlap, only the best stays.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <limits>

namespace vaso::detection {

// Greedy: boxes are visited by falling score (equal scores in their given order), and each stays unless its IoU with
// one of its group that stays is above `threshold`; it ends once `most` stay. boxes: N×4; scores: N; groups: N int64,
// or undefined for one group. Returns the indices kept (K int64), by falling score, on the device of `boxes`.
//
// Computed on a CPU: boxes on another device are copied there and back. For some thousand boxes that is milliseconds.
at::Tensor nms(const at::Tensor& boxes, const at::Tensor& scores, const at::Tensor& groups, double threshold,
               std::int64_t most = std::numeric_limits<std::int64_t>::max());

}  // namespace vaso::detection
