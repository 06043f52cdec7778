#include "cuda/draw.hpp"

#include "cuda/launch.cuh"

namespace vaso::cuda {

void draw(const Draw& draw, Stream stream) { draw_steps(OnGpu{stream, "drawing masks"}, draw); }

}  // namespace vaso::cuda
