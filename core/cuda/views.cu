#include "cuda/views.hpp"

#include "cuda/launch.cuh"

namespace vaso::cuda {

void make_views(const Views& views, Resize how, void* scratch, Stream stream) {
  const OnGpu run{stream, "cropping and resizing images"};
  how == Resize::bicubic ? bicubic_views(run, views, scratch) : nearest_views(run, views, scratch);
}

}  // namespace vaso::cuda
