#include "cuda/column_sums.hpp"

#include "cuda/eight.cuh"
#include "cuda/gelu.cuh"
#include "cuda/launch.cuh"

namespace vaso::cuda {
namespace {

constexpr int piece = 8;    // columns of a thread
constexpr int across = 32;  // threads of a block along a row, and
constexpr int down = 8;     // along a column
constexpr int block_columns = piece * across;
constexpr int most_across = 64;     // blocks along a row
constexpr int blocks_wanted = 528;  // four for each of 132 multiprocessors

std::int64_t blocks_across(std::int64_t columns) { return (columns + block_columns - 1) / block_columns; }
std::int64_t blocks_down(std::int64_t columns) {
  return (blocks_wanted + blocks_across(columns) - 1) / blocks_across(columns);
}

// How many blocks of one set of columns are done; 0 between calls.
__device__ unsigned arrived[most_across];

// What is summed: numbers as they are, or what GELU's derivative makes of them, which is left in `out` as well.
struct AsTheyAre {
  const __nv_bfloat16* matrix;
  __device__ Eight operator()(std::int64_t at) const { return read(matrix + at); }
};
struct ThroughGelu {
  const __nv_bfloat16 *in, *gradient;
  __nv_bfloat16* out;
  __device__ Eight operator()(std::int64_t at) const {
    const Eight x = read(in + at);
    Eight values = read(gradient + at);
#pragma unroll
    for (int i = 0; i < piece; ++i) {
      const Normal normal(x.of[i]);
      values.of[i] *= __fmaf_rn(x.of[i], normal.density, normal.share);
    }
    write(out + at, values);
    return values;
  }
};

template <class Source>
__global__ void __launch_bounds__(across* down)
    column_sums_kernel(std::int64_t rows, std::int64_t columns, Source source, float* scratch, float* sums) {
  const std::int64_t column = std::int64_t{blockIdx.x} * block_columns + threadIdx.x * piece;
  float mine[piece] = {};
  if (column < columns) {
    const std::int64_t stride = std::int64_t{gridDim.y} * down;
#pragma unroll 4
    for (std::int64_t row = std::int64_t{blockIdx.y} * down + threadIdx.y; row < rows; row += stride) {
      const Eight values = source(row * columns + column);
#pragma unroll
      for (int i = 0; i < piece; ++i) mine[i] += values.of[i];
    }
  }
  __shared__ float all[down][block_columns];
  __shared__ bool last;
#pragma unroll
  for (int i = 0; i < piece; ++i) all[threadIdx.y][threadIdx.x * piece + i] = mine[i];
  __syncthreads();
  // From here on a thread has one column.
  static_assert(across * down == block_columns);
  const int thread = threadIdx.y * across + threadIdx.x;
  const std::int64_t at = std::int64_t{blockIdx.x} * block_columns + thread;
  float sum = 0;
  for (int i = 0; i < down; ++i) sum += all[i][thread];
  if (at < columns) scratch[blockIdx.y * columns + at] = sum;
  __threadfence();
  __syncthreads();
  // The block that comes last adds up what all of them left.
  if (thread == 0) last = atomicInc(&arrived[blockIdx.x], gridDim.y - 1) == gridDim.y - 1;
  __syncthreads();
  if (!last || at >= columns) return;
  __threadfence();
  sum = 0;
#pragma unroll 8
  for (unsigned i = 0; i < gridDim.y; ++i) sum += __ldcg(scratch + i * columns + at);
  sums[at] = sum;
}

}  // namespace

bool can_sum_columns(std::int64_t columns) {
  return available() && columns > 0 && columns % piece == 0 && columns <= most_across * block_columns;
}

std::int64_t column_sums_scratch(std::int64_t columns) { return blocks_down(columns) * columns; }

namespace {

template <class Source>
void sum(std::int64_t rows, std::int64_t columns, const Source& source, float* scratch, float* sums, Stream stream,
         const char* doing) {
  const dim3 blocks(static_cast<unsigned>(blocks_across(columns)), static_cast<unsigned>(blocks_down(columns)));
  column_sums_kernel<<<blocks, dim3(across, down), 0, static_cast<cudaStream_t>(stream)>>>(rows, columns, source,
                                                                                           scratch, sums);
  check(cudaGetLastError(), doing);
}

}  // namespace

void column_sums(std::int64_t rows, std::int64_t columns, const void* matrix, float* scratch, float* sums,
                 Stream stream) {
  sum(rows, columns, AsTheyAre{static_cast<const __nv_bfloat16*>(matrix)}, scratch, sums, stream, "summing columns");
}

void gelu_backward(std::int64_t rows, std::int64_t columns, const void* in, const void* gradient, void* in_gradient,
                   float* scratch, float* sums, Stream stream) {
  const ThroughGelu source{static_cast<const __nv_bfloat16*>(in), static_cast<const __nv_bfloat16*>(gradient),
                           static_cast<__nv_bfloat16*>(in_gradient)};
  sum(rows, columns, source, scratch, sums, stream, "GELU, backward");
}

}  // namespace vaso::cuda
