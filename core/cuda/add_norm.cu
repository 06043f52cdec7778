#include "cuda/add_norm.hpp"

#include "cuda/eight.cuh"
#include "cuda/launch.cuh"

#include <type_traits>

namespace vaso::cuda {
namespace {

using Half = __nv_bfloat16;

constexpr int warps = 8;            // of a block
constexpr int blocks_wanted = 264;  // of the backward pass: two for each of 132 multiprocessors
constexpr int step = 256;           // columns that a warp takes at once, eight a thread
constexpr int most_steps = 5;       // 1280 columns, ViT-H; more would not fit in registers

__device__ inline const Half* halves(const void* at) { return static_cast<const Half*>(at); }
__device__ inline Half* halves(void* at) { return static_cast<Half*>(at); }

__device__ inline void add(Eight& to, const Eight& more) {
#pragma unroll
  for (int i = 0; i < 8; ++i) to.of[i] += more.of[i];
}

// A warp takes a row; `steps` is how often it must take 256 columns.
template <int steps>
__global__ void __launch_bounds__(32 * warps) add_norm_kernel(AddNorm work) {
  const int columns = static_cast<int>(work.columns), first = 8 * (threadIdx.x % 32);
  const std::int64_t row = std::int64_t{blockIdx.x} * warps + threadIdx.x / 32;
  if (row >= work.rows) return;
  const std::int64_t start = row * columns;
  Eight values[steps] = {};
  float total = 0;
#pragma unroll
  for (int s = 0; s < steps; ++s) {
    const int column = first + s * step;
    if (column >= columns) continue;
    const std::int64_t at = start + column;
    if (work.plain != nullptr) {
      values[s] = read(work.plain + at);
    } else {
      values[s] = read(halves(work.high) + at);
      add(values[s], read(halves(work.low) + at));
    }
    if (work.branch != nullptr) add(values[s], read(halves(work.branch) + at));
    if (work.branch_bias != nullptr) add(values[s], read(work.branch_bias + column));
#pragma unroll
    for (int i = 0; i < 8; ++i) total += values[s].of[i];
  }
  const float mean = warp_sum(total) / static_cast<float>(columns);
  float squares = 0;
#pragma unroll
  for (int s = 0; s < steps; ++s) {
    if (first + s * step >= columns) continue;
#pragma unroll
    for (int i = 0; i < 8; ++i) squares += (values[s].of[i] - mean) * (values[s].of[i] - mean);
  }
  const float inverse = rsqrtf(warp_sum(squares) / static_cast<float>(columns) + work.eps);
#pragma unroll
  for (int s = 0; s < steps; ++s) {
    const int column = first + s * step;
    if (column >= columns) continue;
    const PackedEight high = packed(values[s]);
    const Eight kept = high.wide(), w = read(work.weight + column), b = read(work.bias + column);
    Eight lost, y;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      lost.of[i] = values[s].of[i] - kept.of[i];
      y.of[i] = (values[s].of[i] - mean) * inverse * w.of[i] + b.of[i];
    }
    write(halves(work.sum_high) + start + column, high);
    write(halves(work.sum_low) + start + column, lost);
    write(halves(work.y) + start + column, y);
  }
  if (threadIdx.x % 32 == 0) {
    work.statistics[2 * row] = mean;
    work.statistics[2 * row + 1] = inverse;
  }
}

constexpr int summed = 3;  // gradients that are sums over rows: of weight, bias and branch bias

template <int steps>
__global__ void __launch_bounds__(32 * warps, steps <= 3 ? 2 : 1) add_norm_backward_kernel(AddNormBackward work) {
  const int columns = static_cast<int>(work.columns), first = 8 * (threadIdx.x % 32);
  Eight sums[summed][steps] = {};
  for (std::int64_t row = std::int64_t{blockIdx.x} * warps + threadIdx.x / 32; row < work.rows;
       row += std::int64_t{gridDim.x} * warps) {
    const std::int64_t start = row * columns;
    const float mean = work.statistics[2 * row], inverse = work.statistics[2 * row + 1];
    // As they came, so that they take half the registers. The sum's gradient is read later, for want of more.
    PackedEight sum[steps] = {}, given[steps] = {};
#pragma unroll
    for (int s = 0; s < steps; ++s) {
      const int column = first + s * step;
      if (column >= columns) continue;
      sum[s] = read_packed(halves(work.sum_high) + start + column);
      given[s] = read_packed(halves(work.y_gradient) + start + column);
    }
    float given_sum = 0, along = 0;
#pragma unroll
    for (int s = 0; s < steps; ++s) {
      const int column = first + s * step;
      if (column >= columns) continue;
      const Eight x = sum[s].wide(), g = given[s].wide(), weight = read(work.weight + column);
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        const float unit = (x.of[i] - mean) * inverse, weighted = g.of[i] * weight.of[i];
        sums[0][s].of[i] += g.of[i] * unit;
        sums[1][s].of[i] += g.of[i];
        given_sum += weighted;
        along += weighted * unit;
      }
    }
    given_sum = warp_sum(given_sum) / static_cast<float>(columns);
    along = warp_sum(along) / static_cast<float>(columns);
#pragma unroll
    for (int s = 0; s < steps; ++s) {
      const int column = first + s * step;
      if (column >= columns) continue;
      const Eight x = sum[s].wide(), g = given[s].wide(), weight = read(work.weight + column);
      Eight gradient = {};
      if (work.sum_gradient != nullptr) gradient = read(halves(work.sum_gradient) + start + column);
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        const float unit = (x.of[i] - mean) * inverse;
        gradient.of[i] += inverse * (g.of[i] * weight.of[i] - given_sum - unit * along);
      }
      add(sums[2][s], gradient);
      write(halves(work.x_gradient) + start + column, gradient);
    }
  }
  // Warp after warp adds its sums, so that their order is always the same.
  extern __shared__ __align__(16) float all[];  // summed×columns
  for (int warp = 0; warp < warps; ++warp) {
    if (static_cast<int>(threadIdx.x) / 32 == warp) {
#pragma unroll
      for (int s = 0; s < steps; ++s) {
        const int column = first + s * step;
        if (column >= columns) continue;
#pragma unroll
        for (int k = 0; k < summed; ++k) {
          Eight mine = sums[k][s];
          if (warp > 0) add(mine, read(all + k * columns + column));
          write(all + k * columns + column, mine);
        }
      }
    }
    __syncthreads();
  }
  float* mine = work.partial + std::int64_t{blockIdx.x} * summed * columns;
  for (int i = threadIdx.x; i < summed * columns; i += blockDim.x) mine[i] = all[i];
}

// Calls work(steps) with the number of steps that `columns` need.
template <class Work>
void with_steps(std::int64_t columns, const Work& work) {
  switch ((columns + step - 1) / step) {
    case 1:
      return work(std::integral_constant<int, 1>());
    case 2:
      return work(std::integral_constant<int, 2>());
    case 3:
      return work(std::integral_constant<int, 3>());
    case 4:
      return work(std::integral_constant<int, 4>());
    default:
      return work(std::integral_constant<int, most_steps>());
  }
}

}  // namespace

bool can_norm(std::int64_t columns) {
  return available() && columns > 0 && columns % 8 == 0 && columns <= most_steps * step;
}

std::int64_t partial_rows() { return blocks_wanted; }

void add_norm(const AddNorm& work, Stream stream) {
  if (work.rows == 0) return;
  const auto blocks = static_cast<unsigned>((work.rows + warps - 1) / warps);
  with_steps(work.columns, [&](auto steps) {
    add_norm_kernel<decltype(steps)::value><<<blocks, 32 * warps, 0, static_cast<cudaStream_t>(stream)>>>(work);
  });
  check(cudaGetLastError(), "layer norm");
}

void add_norm_backward(const AddNormBackward& work, Stream stream) {
  const std::size_t shared = static_cast<std::size_t>(summed * work.columns) * sizeof(float);
  with_steps(work.columns, [&](auto steps) {
    add_norm_backward_kernel<decltype(steps)::value>
        <<<blocks_wanted, 32 * warps, shared, static_cast<cudaStream_t>(stream)>>>(work);
  });
  check(cudaGetLastError(), "layer norm, backward");
}

}  // namespace vaso::cuda
