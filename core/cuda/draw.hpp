// Mask drawing on the GPU, and its twin.
#pragma once

#include "cuda/device.hpp"
#include "cuda/draw_recipe.hpp"

namespace vaso::cuda {

// All pointers are of the GPU; returns while it still works. Throws CudaError.
void draw(const Draw& draw, Stream stream);

// The twin; all pointers are of this process.
void draw_on_cpu(const Draw& draw);

}  // namespace vaso::cuda
