#include "cuda/convolution_stages.hpp"

namespace vaso::cuda {

const Stages& stages_on_cpu() {
  static const StagesBy<OnCpu> stages(OnCpu{});
  return stages;
}

}  // namespace vaso::cuda
