// What stands in for the .cu files where there is no CUDA compiler.
#include "cuda/device.hpp"
#include "cuda/draw.hpp"
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

DeviceMemory::~DeviceMemory() = default;
void DeviceMemory::reserve(std::size_t) { refuse(); }
void DeviceMemory::from_host(const void*, std::size_t, Stream) { refuse(); }
void DeviceMemory::to_host(void*, std::size_t, Stream) const { refuse(); }
OwnStream::OwnStream() { refuse(); }
OwnStream::~OwnStream() = default;

void make_views(const Views&, Resize, void*, Stream) { refuse(); }
void draw(const Draw&, Stream) { refuse(); }
vision::FloatImage sato(const vision::GreyImage&, const std::vector<double>&) { refuse(); }
vision::FloatImage frangi(const vision::GreyImage&, const vision::FrangiOptions&) { refuse(); }

}  // namespace vaso::cuda
