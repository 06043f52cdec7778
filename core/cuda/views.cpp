#include "cuda/views.hpp"

namespace vaso::cuda {

std::int64_t scratch_bytes(const Views& views, Resize how) {
  return how == Resize::bicubic ? BicubicScratch::bytes(views) : NearestScratch::bytes(views);
}

void make_views_on_cpu(const Views& views, Resize how, void* scratch) {
  how == Resize::bicubic ? bicubic_views(OnCpu{}, views, scratch) : nearest_views(OnCpu{}, views, scratch);
}

}  // namespace vaso::cuda
