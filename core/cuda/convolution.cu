#include "cuda/convolution_stages.hpp"
#include "cuda/launch.cuh"

namespace vaso::cuda {

const Stages& stages_on_gpu() {
  static const StagesBy<OnGpu> stages(OnGpu{default_stream, "running the segmentor"});
  return stages;
}

}  // namespace vaso::cuda
