// Which true box an anchor or proposal answers for.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace vaso::detection {

constexpr std::int64_t background = -1;  // overlaps nothing enough: a negative
constexpr std::int64_t undecided = -2;   // between the thresholds: takes no part in training

// iou: T×N, true boxes by candidates. Each candidate belongs to the true box it overlaps most if that is at least
// `positive`, to the background if it is below `negative`. Returns N int64: index of the true box, or one of the two
// above. Without true boxes all is background.
//
// low_quality: the best candidates of each true box (all that tie) are matched even below `positive`, so that no true
// box is without a positive. A true box that no candidate touches gets none.
at::Tensor match(const at::Tensor& iou, double positive, double negative, bool low_quality);

}  // namespace vaso::detection
