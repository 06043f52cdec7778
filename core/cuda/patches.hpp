// What the losses do with the patches of an image, from and to the image where it lies: rearranged copies of it, their
// statistics and differences are a dozen passes over memory in LibTorch, and one here.
#pragma once

#include "cuda/device.hpp"

#include <cstdint>

namespace vaso::cuda {

// Square images of three channels, batch×3×(grid·patch)×(grid·patch), and predictions of their patches,
// batch×grid²×(3·patch²), each patch's values in the order (row, column, channel). Float32, of the GPU, 16-byte
// aligned.
struct PatchShape {
  std::int64_t batch = 0, grid = 0, patch = 0;
};

struct Patches {
  PatchShape shape;
  bool normalise = true;            // predictions are of patches less their mean, over √(variance + 1e-6), unbiased
  const float *prediction, *image;  // and the image that they are of
};

// In all of these statistics are batch×grid²×2, mean and deviation of each patch (0 and 1 where not `normalise`), left
// for the backward pass. They throw CudaError.

// errors: batch×grid², the mean of (prediction − normalised patch)².
void patch_errors(const Patches& of, float* errors, float* statistics, Stream stream);
// gradient: of the errors.
void patch_errors_backward(const Patches& of, const float* statistics, const float* gradient,
                           float* prediction_gradient, Stream stream);

// image: the predictions given back the true patches' deviations and means, in their places. dropped: batch×grid², true
// where the true patch is shown instead; or null.
void patches_to_image(const Patches& of, const bool* dropped, float* image, float* statistics, Stream stream);
void patches_to_image_backward(const Patches& of, const bool* dropped, const float* statistics, const float* gradient,
                               float* prediction_gradient, Stream stream);

}  // namespace vaso::cuda
