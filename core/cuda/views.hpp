// Crop, resize, flip and normalise, from the bytes of a pack to the floats of a batch.
#pragma once

#include "cuda/device.hpp"
#include "cuda/resize_recipe.hpp"

namespace vaso::cuda {

enum class Resize {
  bicubic,  // of images
  nearest,  // of maps
};

// Bytes of working memory that one call of make_views wants, 4-byte aligned.
std::int64_t scratch_bytes(const Views& views, Resize how);

// All pointers of `views` and `scratch` are of the GPU; returns while it still works. Throws CudaError.
void make_views(const Views& views, Resize how, void* scratch, Stream stream);

// The twin; all pointers are of this process.
void make_views_on_cpu(const Views& views, Resize how, void* scratch);

}  // namespace vaso::cuda
