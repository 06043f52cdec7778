// What stands in for the .cu files where there is no CUDA compiler.
#include "cuda/add_norm.hpp"
#include "cuda/attention.hpp"
#include "cuda/column_sums.hpp"
#include "cuda/convolution.hpp"
#include "cuda/device.hpp"
#include "cuda/draw.hpp"
#include "cuda/gelu.hpp"
#include "cuda/patches.hpp"
#include "cuda/vessel_filter.hpp"
#include "cuda/views.hpp"

namespace vaso::cuda {
namespace {

[[noreturn]] void refuse() { throw CudaError(trouble()); }

}  // namespace

const std::string& trouble() {
  static const std::string answer =
      "this build has no CUDA kernels: install the CUDA toolkit (nvcc) and configure with -DVASO_CUDA=ON";
  return answer;
}

std::size_t bytes_in_use() { refuse(); }
DeviceMemory::~DeviceMemory() = default;
void DeviceMemory::reserve(std::size_t) { refuse(); }
void DeviceMemory::from_host(const void*, std::size_t, Stream) { refuse(); }
void DeviceMemory::to_host(void*, std::size_t, Stream) const { refuse(); }
OwnStream::OwnStream() { refuse(); }
OwnStream::~OwnStream() = default;

bool can_attend(const HeadShape&) { return false; }
void attend(const HeadShape&, const void*, void*, float*, Stream) { refuse(); }
void attend_backward(const HeadShape&, const void*, const void*, const float*, const void*, void*, Stream) { refuse(); }
bool can_norm(std::int64_t) { return false; }
std::int64_t partial_rows() { return 0; }
void add_norm(const AddNorm&, Stream) { refuse(); }
void add_norm_backward(const AddNormBackward&, Stream) { refuse(); }
bool can_sum_columns(std::int64_t) { return false; }
std::int64_t column_sums_scratch(std::int64_t) { return 0; }
void column_sums(std::int64_t, std::int64_t, const void*, float*, float*, Stream) { refuse(); }
void gelu_backward(std::int64_t, std::int64_t, const void*, const void*, void*, float*, float*, Stream) { refuse(); }
void gelu(std::int64_t, const void*, void*, Stream) { refuse(); }
void patch_errors(const Patches&, float*, float*, Stream) { refuse(); }
void patch_errors_backward(const Patches&, const float*, const float*, float*, Stream) { refuse(); }
void patches_to_image(const Patches&, const bool*, float*, float*, Stream) { refuse(); }
void patches_to_image_backward(const Patches&, const bool*, const float*, const float*, float*, Stream) { refuse(); }
const Stages& stages_on_gpu() { refuse(); }
void make_views(const Views&, Resize, void*, Stream) { refuse(); }
void draw(const Draw&, Stream) { refuse(); }
vision::FloatImage sato(const vision::GreyImage&, const std::vector<double>&) { refuse(); }
vision::FloatImage frangi(const vision::GreyImage&, const vision::FrangiOptions&) { refuse(); }

}  // namespace vaso::cuda
