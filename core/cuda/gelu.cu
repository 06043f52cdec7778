#include "cuda/gelu.hpp"

#include "cuda/eight.cuh"
#include "cuda/gelu.cuh"
#include "cuda/launch.cuh"

namespace vaso::cuda {
namespace {

constexpr int threads = 256;  // of a block
constexpr int pieces = 2;     // of eight values, for each thread: both loads are under way at once

__global__ void __launch_bounds__(threads)
    gelu_kernel(std::int64_t count, const __nv_bfloat16* in, __nv_bfloat16* out) {
  const std::int64_t first = 8 * (std::int64_t{blockIdx.x} * threads * pieces + threadIdx.x);
  PackedEight values[pieces] = {};
#pragma unroll
  for (int p = 0; p < pieces; ++p) {
    if (first + 8 * p * threads < count) values[p] = read_packed(in + first + 8 * p * threads);
  }
#pragma unroll
  for (int p = 0; p < pieces; ++p) {
    if (first + 8 * p * threads >= count) return;
    Eight wide = values[p].wide();
#pragma unroll
    for (float& value : wide.of) value *= Normal(value).share;
    write(out + first + 8 * p * threads, wide);
  }
}

}  // namespace

void gelu(std::int64_t count, const void* in, void* out, Stream stream) {
  if (count == 0) return;
  const std::int64_t blocks = (count / 8 + threads * pieces - 1) / (threads * pieces);
  gelu_kernel<<<static_cast<unsigned>(blocks), threads, 0, static_cast<cudaStream_t>(stream)>>>(
      count, static_cast<const __nv_bfloat16*>(in), static_cast<__nv_bfloat16*>(out));
  check(cudaGetLastError(), "GELU");
}

}  // namespace vaso::cuda
