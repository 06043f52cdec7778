// First weights of a detector.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>

namespace vaso::detection {

// Fills every trainable parameter below `module`, a FasterRcnn with what makes its pyramid: predictions start small, so
// that the first gradients are those of a network which says "background" weakly everywhere (proposal network N(0,
// .01), classes N(0, .01), boxes N(0, .001), as Fast R-CNN and detectron2); convolutions before a ReLU N(0, 2/fan-out)
// (Kaiming); other matrices uniform with variance 1/fan-in; scales 1, the rest 0. Each parameter has its own stream,
// keyed by seed and name. The global generator is not touched.
void initialise(torch::nn::Module& module, std::uint64_t seed);

}  // namespace vaso::detection
