#include "cuda/draw.hpp"

namespace vaso::cuda {

void draw_on_cpu(const Draw& draw) { draw_steps(OnCpu{}, draw); }

}  // namespace vaso::cuda
