#include "cuda/add_norm.hpp"

#include "cuda/launch.cuh"

#include <cuda_bf16.h>

namespace vaso::cuda {
namespace {

constexpr int warps = 8;            // of a block
constexpr int blocks_wanted = 264;  // of the backward pass: two for each of 132 multiprocessors
constexpr int step = 128;           // columns that a warp takes at once, four a thread
constexpr int most_steps = 10;      // 1280 columns, ViT-H; more would not fit in registers

struct Four {
  float of[4];
};
__device__ inline Four read(const float* at) {
  const float4 values = *reinterpret_cast<const float4*>(at);
  return {{values.x, values.y, values.z, values.w}};
}
__device__ inline Four read(const __nv_bfloat16* at) {
  const uint2 bits = *reinterpret_cast<const uint2*>(at);
  const float2 first = __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162*>(&bits.x));
  const float2 second = __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162*>(&bits.y));
  return {{first.x, first.y, second.x, second.y}};
}
__device__ inline void write(float* at, const Four& values) {
  *reinterpret_cast<float4*>(at) = make_float4(values.of[0], values.of[1], values.of[2], values.of[3]);
}
__device__ inline void write(__nv_bfloat16* at, const Four& values) {
  uint2 bits;
  *reinterpret_cast<__nv_bfloat162*>(&bits.x) = __floats2bfloat162_rn(values.of[0], values.of[1]);
  *reinterpret_cast<__nv_bfloat162*>(&bits.y) = __floats2bfloat162_rn(values.of[2], values.of[3]);
  *reinterpret_cast<uint2*>(at) = bits;
}

// A warp takes a row; `steps` is how often it must take 128 columns.
template <int steps>
__global__ void __launch_bounds__(32 * warps)
    add_norm_kernel(NormShape shape, const float* x, const __nv_bfloat16* branch, const float* weight,
                    const float* bias, float* sum, __nv_bfloat16* y, float* statistics) {
  const int columns = static_cast<int>(shape.columns), first = 4 * (threadIdx.x % 32);
  const std::int64_t row = std::int64_t{blockIdx.x} * warps + threadIdx.x / 32;
  if (row >= shape.rows) return;
  const std::int64_t start = row * columns;
  Four values[steps] = {};
  float total = 0;
#pragma unroll
  for (int s = 0; s < steps; ++s) {
    const int column = first + s * step;
    if (column >= columns) continue;
    values[s] = read(x + start + column);
    if (branch != nullptr) {
      const Four more = read(branch + start + column);
#pragma unroll
      for (int i = 0; i < 4; ++i) values[s].of[i] += more.of[i];
      write(sum + start + column, values[s]);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) total += values[s].of[i];
  }
  const float mean = warp_sum(total) / static_cast<float>(columns);
  float squares = 0;
#pragma unroll
  for (int s = 0; s < steps; ++s) {
    if (first + s * step >= columns) continue;
#pragma unroll
    for (int i = 0; i < 4; ++i) squares += (values[s].of[i] - mean) * (values[s].of[i] - mean);
  }
  const float inverse = rsqrtf(warp_sum(squares) / static_cast<float>(columns) + shape.eps);
#pragma unroll
  for (int s = 0; s < steps; ++s) {
    const int column = first + s * step;
    if (column >= columns) continue;
    const Four w = read(weight + column), b = read(bias + column);
#pragma unroll
    for (int i = 0; i < 4; ++i) values[s].of[i] = (values[s].of[i] - mean) * inverse * w.of[i] + b.of[i];
    write(y + start + column, values[s]);
  }
  if (threadIdx.x % 32 == 0) {
    statistics[2 * row] = mean;
    statistics[2 * row + 1] = inverse;
  }
}

template <int steps>
__global__ void __launch_bounds__(32 * warps, steps <= 6 ? 2 : 1)
    add_norm_backward_kernel(NormShape shape, const float* sum, const float* statistics, const float* weight,
                             const __nv_bfloat16* y_gradient, const float* sum_gradient, float* x_gradient,
                             __nv_bfloat16* branch_gradient, float* partial) {
  const int columns = static_cast<int>(shape.columns), first = 4 * (threadIdx.x % 32);
  Four weights[steps] = {}, weight_sums[steps] = {}, bias_sums[steps] = {};
#pragma unroll
  for (int s = 0; s < steps; ++s) {
    if (first + s * step < columns) weights[s] = read(weight + first + s * step);
  }
  for (std::int64_t row = std::int64_t{blockIdx.x} * warps + threadIdx.x / 32; row < shape.rows;
       row += std::int64_t{gridDim.x} * warps) {
    const std::int64_t start = row * columns;
    const float mean = statistics[2 * row], inverse = statistics[2 * row + 1];
    Four unit[steps] = {}, given[steps] = {};  // normalised values; gradient of y, times the weight
    float given_sum = 0, along = 0;
#pragma unroll
    for (int s = 0; s < steps; ++s) {
      const int column = first + s * step;
      if (column >= columns) continue;
      unit[s] = read(sum + start + column);
      given[s] = read(y_gradient + start + column);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        unit[s].of[i] = (unit[s].of[i] - mean) * inverse;
        weight_sums[s].of[i] += given[s].of[i] * unit[s].of[i];
        bias_sums[s].of[i] += given[s].of[i];
        given[s].of[i] *= weights[s].of[i];
        given_sum += given[s].of[i];
        along += given[s].of[i] * unit[s].of[i];
      }
    }
    given_sum = warp_sum(given_sum) / static_cast<float>(columns);
    along = warp_sum(along) / static_cast<float>(columns);
#pragma unroll
    for (int s = 0; s < steps; ++s) {
      const int column = first + s * step;
      if (column >= columns) continue;
      Four gradient = {};
      if (sum_gradient != nullptr) gradient = read(sum_gradient + start + column);
#pragma unroll
      for (int i = 0; i < 4; ++i) gradient.of[i] += inverse * (given[s].of[i] - given_sum - unit[s].of[i] * along);
      write(x_gradient + start + column, gradient);
      if (branch_gradient != nullptr) write(branch_gradient + start + column, gradient);
    }
  }
  // Warp after warp adds its sums, so that their order is always the same.
  extern __shared__ __align__(16) float sums[];  // 2×columns
  for (int warp = 0; warp < warps; ++warp) {
    if (static_cast<int>(threadIdx.x) / 32 == warp) {
#pragma unroll
      for (int s = 0; s < steps; ++s) {
        const int column = first + s * step;
        if (column >= columns) continue;
        Four w = {}, b = {};
        if (warp > 0) {
          w = read(sums + column);
          b = read(sums + columns + column);
        }
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          w.of[i] += weight_sums[s].of[i];
          b.of[i] += bias_sums[s].of[i];
        }
        write(sums + column, w);
        write(sums + columns + column, b);
      }
    }
    __syncthreads();
  }
  float* mine = partial + std::int64_t{blockIdx.x} * 2 * columns;
  for (int i = threadIdx.x; i < 2 * columns; i += blockDim.x) mine[i] = sums[i];
}

// Calls work(steps) with the least of the compiled numbers of steps that is enough.
template <class Work>
void with_steps(std::int64_t columns, const Work& work) {
  const std::int64_t steps = (columns + step - 1) / step;
  if (steps <= 2) return work(std::integral_constant<int, 2>());
  if (steps <= 4) return work(std::integral_constant<int, 4>());
  if (steps <= 6) return work(std::integral_constant<int, 6>());
  if (steps <= 8) return work(std::integral_constant<int, 8>());
  work(std::integral_constant<int, most_steps>());
}

}  // namespace

bool can_norm(std::int64_t columns) {
  return available() && columns > 0 && columns % 4 == 0 && columns <= most_steps * step;
}

std::int64_t partial_rows() { return blocks_wanted; }

void add_norm(const NormShape& shape, const float* x, const void* branch, const float* weight, const float* bias,
              float* sum, void* y, float* statistics, Stream stream) {
  if (shape.rows == 0) return;
  with_steps(shape.columns, [&](auto steps) {
    add_norm_kernel<decltype(steps)::value>
        <<<static_cast<unsigned>((shape.rows + warps - 1) / warps), 32 * warps, 0, static_cast<cudaStream_t>(stream)>>>(
            shape, x, static_cast<const __nv_bfloat16*>(branch), weight, bias, sum, static_cast<__nv_bfloat16*>(y),
            statistics);
  });
  check(cudaGetLastError(), "layer norm");
}

void add_norm_backward(const NormShape& shape, const float* sum, const float* statistics, const float* weight,
                       const void* y_gradient, const float* sum_gradient, float* x_gradient, void* branch_gradient,
                       float* partial, Stream stream) {
  with_steps(shape.columns, [&](auto steps) {
    add_norm_backward_kernel<decltype(steps)::value>
        <<<blocks_wanted, 32 * warps, static_cast<std::size_t>(2 * shape.columns) * sizeof(float),
           static_cast<cudaStream_t>(stream)>>>(shape, sum, statistics, weight,
                                                static_cast<const __nv_bfloat16*>(y_gradient), sum_gradient, x_gradient,
                                                static_cast<__nv_bfloat16*>(branch_gradient), partial);
  });
  check(cudaGetLastError(), "layer norm, backward");
}

}  // namespace vaso::cuda
