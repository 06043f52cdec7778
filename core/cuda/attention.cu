#include "cuda/attention.hpp"

#include "cuda/launch.cuh"
#include "cuda/matrix_unit.cuh"

#include <cmath>

namespace vaso::cuda {
namespace {

constexpr int strip = 16;  // rows of a warp's products
// Of a block. The 99 tokens that half a mask leaves of 224 pixels are 7 strips, all 197 are 13: one or two for each.
constexpr int most_warps = 7;

__host__ __device__ constexpr int strips(int tokens) { return (tokens + strip - 1) / strip; }
// A row in shared memory: eight values more than a head has, so that eight rows lie in different banks.
template <int width>
constexpr int stride = width + 8;

template <int width>
std::size_t shared_bytes(int tokens, int matrices) {
  return static_cast<std::size_t>(strips(tokens)) * strip *
         (static_cast<std::size_t>(matrices) * stride<width> * sizeof(Half) + 2 * sizeof(float));
}

// One head's numbers, as tokens×width inside of batch×tokens×(parts)×heads×width.
struct Head {
  std::int64_t first;  // of token 0
  std::int64_t row;    // from token to token
};
__device__ inline Head head_of(int tokens, int heads, int width, int part, int parts) {
  const std::int64_t image = blockIdx.x / heads, head = blockIdx.x % heads;
  const std::int64_t row = static_cast<std::int64_t>(parts) * heads * width;
  return {image * tokens * row + (static_cast<std::int64_t>(part) * heads + head) * width, row};
}

template <int width>
__device__ void bring(Half* matrix, const Half* from, const Head& head, int tokens) {
  constexpr int pieces = width / 8;  // of 16 bytes
  for (int i = threadIdx.x; i < strips(tokens) * strip * pieces; i += blockDim.x) {
    const int row = i / pieces, piece = i % pieces;
    const bool there = row < tokens;
    send(matrix + row * stride<width> + piece * 8, from + head.first + (there ? row * head.row : 0) + piece * 8, there);
  }
}

// A warp's 16 rows of a matrix as the left side of products.
template <int width>
__device__ __forceinline__ void take(Left (&rows)[width / 16], const Half* matrix, int row) {
#pragma unroll
  for (int c = 0; c < width / 16; ++c) rows[c] = left_of(matrix, stride<width>, row, 16 * c);
}

// A warp's rows of a product, row+group and row+group+8, times a factor each.
template <int width>
__device__ void put(Half* to, const Head& head, int row, int tokens, const Sum (&sums)[width / 8], float upper,
                    float lower) {
  const int lane = threadIdx.x % 32, group = lane / 4, pair = lane % 4;
  for (int half = 0; half < 2; ++half) {
    const int at = row + group + 8 * half;
    if (at >= tokens) continue;
    const float factor = half == 0 ? upper : lower;
    Half* line = to + head.first + at * head.row + 2 * pair;
#pragma unroll
    for (int n = 0; n < width / 8; ++n)
      *reinterpret_cast<unsigned*>(line + 8 * n) =
          packed(sums[n].of[2 * half] * factor, sums[n].of[2 * half + 1] * factor);
  }
}

// Over the four threads that share a row.
__device__ inline float row_sum(float value) {
  value += __shfl_xor_sync(~0u, value, 1);
  return value + __shfl_xor_sync(~0u, value, 2);
}
__device__ inline float row_max(float value) {
  value = fmaxf(value, __shfl_xor_sync(~0u, value, 1));
  return fmaxf(value, __shfl_xor_sync(~0u, value, 2));
}

constexpr float log2_e = 1.44269504f, ln_2 = 0.693147181f;

// 2^x in one instruction. Results below 2^-126 are 0: no sum here would see them.
__device__ inline float power_of_two(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

// Blocks that should share a multiprocessor: while one waits for memory, others compute. More would need more registers
// than there are.
template <int width>
constexpr int sharing_forward = width == 32 ? 4 : 3;
template <int width>
constexpr int sharing_backward = width == 32 ? 3 : 2;

// What a row of a softmax is so far.
struct Softmax {
  float most[2] = {-INFINITY, -INFINITY}, total[2] = {0, 0};  // of rows group and group+8; powers of two
};

// Takes `steps`·16 keys from `key` on; those that are no tokens are left out where `last`.
template <int width, int steps, bool last>
__device__ __forceinline__ void attend_to(const Half* k, const Half* v, int key, int tokens, float scale2,
                                          const Left (&query)[width / 16], Sum (&mixed)[width / 8], Softmax& softmax) {
  const int pair = threadIdx.x % 4;
  Sum logits[2 * steps];
#pragma unroll
  for (int s = 0; s < steps; ++s) {
#pragma unroll
    for (int c = 0; c < width / 16; ++c)
      multiply_add(logits[2 * s], logits[2 * s + 1], query[c],
                   right_of_transpose(k, stride<width>, key + strip * s, 16 * c));
  }
  if (last) {
#pragma unroll
    for (int i = 0; i < 8 * steps; ++i) {
      if (key + i / 4 * 8 + 2 * pair + i % 2 >= tokens) logits[i / 4].of[i % 4] = -INFINITY;
    }
  }
  float highest[2] = {logits[0].of[0], logits[0].of[2]};
#pragma unroll
  for (int i = 0; i < 8 * steps; ++i) highest[i % 4 / 2] = fmaxf(highest[i % 4 / 2], logits[i / 4].of[i % 4]);
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float most = fmaxf(softmax.most[half], row_max(highest[half]) * scale2);
    const float lower = power_of_two(softmax.most[half] - most);
    softmax.most[half] = most;
    softmax.total[half] *= lower;
#pragma unroll
    for (int n = 0; n < width / 8; ++n) {
      mixed[n].of[2 * half] *= lower;
      mixed[n].of[2 * half + 1] *= lower;
    }
  }
#pragma unroll
  for (int i = 0; i < 8 * steps; ++i) {
    float& weight = logits[i / 4].of[i % 4];
    weight = power_of_two(__fmaf_rn(weight, scale2, -softmax.most[i % 4 / 2]));
    softmax.total[i % 4 / 2] += weight;
  }
#pragma unroll
  for (int s = 0; s < steps; ++s) {
    const Left weights = left_of(logits[2 * s], logits[2 * s + 1]);
#pragma unroll
    for (int c = 0; c < width / 16; ++c)
      multiply_add(mixed[2 * c], mixed[2 * c + 1], weights, right_of(v, stride<width>, key + strip * s, 16 * c));
  }
}

template <int width>
__global__ void __launch_bounds__(32 * most_warps, sharing_forward<width>)
    attend_kernel(int tokens, int heads, float scale, const Half* qkv, Half* out, float* log_sums) {
  extern __shared__ __align__(16) Half shared[];
  const int padded = strips(tokens) * strip, lane = threadIdx.x % 32, pair = lane % 4, group = lane / 4;
  Half *q = shared, *k = q + padded * stride<width>, *v = k + padded * stride<width>;
  bring<width>(q, qkv, head_of(tokens, heads, width, 0, 3), tokens);
  bring<width>(k, qkv, head_of(tokens, heads, width, 1, 3), tokens);
  bring<width>(v, qkv, head_of(tokens, heads, width, 2, 3), tokens);
  arrive();
  for (int row = threadIdx.x / 32 * strip; row < padded; row += static_cast<int>(blockDim.x) / 32 * strip) {
    Left query[width / 16];
    take<width>(query, q, row);
    Sum mixed[width / 8];
    Softmax softmax;
    int key = 0;
    for (; key + 2 * strip <= tokens; key += 2 * strip)
      attend_to<width, 2, false>(k, v, key, tokens, scale * log2_e, query, mixed, softmax);
    for (; key < padded; key += strip)
      attend_to<width, 1, true>(k, v, key, tokens, scale * log2_e, query, mixed, softmax);
    const float total[2] = {row_sum(softmax.total[0]), row_sum(softmax.total[1])};
    put<width>(out, head_of(tokens, heads, width, 0, 1), row, tokens, mixed, 1 / total[0], 1 / total[1]);
    for (int half = 0; half < 2; ++half) {
      const int at = row + group + 8 * half;
      if (pair == 0 && at < tokens)
        log_sums[static_cast<std::int64_t>(blockIdx.x) * tokens + at] =
            (softmax.most[half] + log2f(total[half])) * ln_2;
    }
  }
}

// With P = softmax, dP = dO Vᵀ and δ = rowsum(dO ∘ O): dS = P ∘ (dP − δ), dQ = dS K, dK = dSᵀ Q, dV = Pᵀ dO. A warp
// makes 16 rows of dQ, then 16 rows of dK and dV, each time from logits computed anew: more products than one pass over
// both would take, and none that another warp has to wait for.

// Of a row: the logarithm to base 2 of its softmax's denominator, and δ.
struct RowNumbers {
  float log2_sum, delta;
};

template <int width, bool last>
__device__ __forceinline__ void query_gradient_by(const Half* k, const Half* v, int key, int tokens, float scale2,
                                                  const RowNumbers (&rows)[2], const Left (&query)[width / 16],
                                                  const Left (&given)[width / 16], Sum (&gradient)[width / 8]) {
  const int pair = threadIdx.x % 4;
  Sum s[2], p[2];
#pragma unroll
  for (int c = 0; c < width / 16; ++c) {
    multiply_add(s[0], s[1], query[c], right_of_transpose(k, stride<width>, key, 16 * c));
    multiply_add(p[0], p[1], given[c], right_of_transpose(v, stride<width>, key, 16 * c));
  }
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const RowNumbers& row = rows[i % 4 / 2];
    float& value = s[i / 4].of[i % 4];
    value = power_of_two(__fmaf_rn(value, scale2, -row.log2_sum)) * (p[i / 4].of[i % 4] - row.delta);
    if (last && key + i / 4 * 8 + 2 * pair + i % 2 >= tokens) value = 0;
  }
  const Left logit_gradient = left_of(s[0], s[1]);
#pragma unroll
  for (int c = 0; c < width / 16; ++c)
    multiply_add(gradient[2 * c], gradient[2 * c + 1], logit_gradient, right_of(k, stride<width>, key, 16 * c));
}

template <int width>
__global__ void __launch_bounds__(32 * most_warps, sharing_backward<width>)
    attend_backward_kernel(int tokens, int heads, float scale, const Half* qkv, const Half* out, const float* log_sums,
                           const Half* out_gradient, Half* qkv_gradient) {
  extern __shared__ __align__(16) Half shared[];
  const int padded = strips(tokens) * strip, lane = threadIdx.x % 32, pair = lane % 4, group = lane / 4;
  const int warp = threadIdx.x / 32, warps = blockDim.x / 32;
  Half *q = shared, *k = q + padded * stride<width>, *v = k + padded * stride<width>, *g = v + padded * stride<width>;
  RowNumbers* numbers = reinterpret_cast<RowNumbers*>(g + padded * stride<width>);
  const Head out_head = head_of(tokens, heads, width, 0, 1);
  bring<width>(q, qkv, head_of(tokens, heads, width, 0, 3), tokens);
  bring<width>(k, qkv, head_of(tokens, heads, width, 1, 3), tokens);
  bring<width>(v, qkv, head_of(tokens, heads, width, 2, 3), tokens);
  bring<width>(g, out_gradient, out_head, tokens);
  arrive();
  // δ: eight values a thread, and a row's threads are neighbours in a warp. Four loads are under way at a time.
  constexpr int pieces = width / 8, ahead = 4;
  for (int first = threadIdx.x; first < padded * pieces; first += ahead * blockDim.x) {
    uint4 made[ahead];
#pragma unroll
    for (int j = 0; j < ahead; ++j) {
      const int i = first + j * blockDim.x, row = i / pieces;
      made[j] = make_uint4(0, 0, 0, 0);
      if (row < tokens) {
        made[j] = *reinterpret_cast<const uint4*>(out + out_head.first + row * out_head.row + i % pieces * 8);
      }
    }
#pragma unroll
    for (int j = 0; j < ahead; ++j) {
      const int i = first + j * blockDim.x, row = i / pieces;
      if (row >= padded) continue;  // whole warps: `padded` rows are a multiple of a warp's pieces
      const Half* out_values = reinterpret_cast<const Half*>(&made[j]);
      const Half* given = g + row * stride<width> + i % pieces * 8;
      float sum = 0;
#pragma unroll
      for (int e = 0; e < 8; ++e) sum = __fmaf_rn(__bfloat162float(out_values[e]), __bfloat162float(given[e]), sum);
#pragma unroll
      for (int other = pieces / 2; other > 0; other /= 2) sum += __shfl_xor_sync(~0u, sum, other);
      if (i % pieces == 0) {
        const float log_sum = row < tokens ? log_sums[static_cast<std::int64_t>(blockIdx.x) * tokens + row] : 0.0f;
        numbers[row] = {log_sum * log2_e, sum};
      }
    }
  }
  __syncthreads();
  const float scale2 = scale * log2_e;

  for (int row = warp * strip; row < padded; row += warps * strip) {
    Left query[width / 16], given[width / 16];
    take<width>(query, q, row);
    take<width>(given, g, row);
    const RowNumbers rows[2] = {numbers[row + group], numbers[row + group + 8]};
    Sum query_gradient[width / 8];
    int key = 0;
    for (; key + strip <= tokens; key += strip)
      query_gradient_by<width, false>(k, v, key, tokens, scale2, rows, query, given, query_gradient);
    if (key < padded) query_gradient_by<width, true>(k, v, key, tokens, scale2, rows, query, given, query_gradient);
    put<width>(qkv_gradient, head_of(tokens, heads, width, 0, 3), row, tokens, query_gradient, scale, scale);
  }

  for (int row = warp * strip; row < padded; row += warps * strip) {
    Left key[width / 16], value[width / 16];
    take<width>(key, k, row);
    take<width>(value, v, row);
    Sum key_gradient[width / 8], value_gradient[width / 8];
    // Queries beyond the last token have a gradient of 0 and so add nothing. Rows beyond it are not written.
    for (int query = 0; query < padded; query += strip) {
      Sum s[2], p[2];
#pragma unroll
      for (int c = 0; c < width / 16; ++c) {
        multiply_add(s[0], s[1], key[c], right_of_transpose(q, stride<width>, query, 16 * c));
        multiply_add(p[0], p[1], value[c], right_of_transpose(g, stride<width>, query, 16 * c));
      }
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        const RowNumbers& of = numbers[query + i / 4 * 8 + 2 * pair + i % 2];
        float &logit = s[i / 4].of[i % 4], &gradient = p[i / 4].of[i % 4];
        logit = power_of_two(__fmaf_rn(logit, scale2, -of.log2_sum));
        gradient = logit * (gradient - of.delta);
      }
      const Left weights = left_of(s[0], s[1]), logit_gradient = left_of(p[0], p[1]);
#pragma unroll
      for (int c = 0; c < width / 16; ++c) {
        multiply_add(value_gradient[2 * c], value_gradient[2 * c + 1], weights,
                     right_of(g, stride<width>, query, 16 * c));
        multiply_add(key_gradient[2 * c], key_gradient[2 * c + 1], logit_gradient,
                     right_of(q, stride<width>, query, 16 * c));
      }
    }
    put<width>(qkv_gradient, head_of(tokens, heads, width, 1, 3), row, tokens, key_gradient, scale, scale);
    put<width>(qkv_gradient, head_of(tokens, heads, width, 2, 3), row, tokens, value_gradient, 1, 1);
  }
}

struct Limits {
  bool bf16 = false;       // neither the GPU nor what of this file it runs is older than the matrix unit's bf16
  std::size_t shared = 0;  // that one block may ask for
};
const Limits& limits() {
  static const Limits known = [] {
    int device = 0, major = 0, shared = 0;
    check(cudaGetDevice(&device), "asking for the GPU");
    check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "asking for the GPU's kind");
    check(cudaDeviceGetAttribute(&shared, cudaDevAttrMaxSharedMemoryPerBlockOptin, device),
          "asking for the GPU's shared memory");
    cudaFuncAttributes kernel;
    check(cudaFuncGetAttributes(&kernel, attend_kernel<64>), "asking for a kernel");
    return Limits{major >= 8 && kernel.ptxVersion >= 80, static_cast<std::size_t>(shared)};
  }();
  return known;
}

struct Launch {
  unsigned blocks, threads;
  float scale;
};
Launch launch_of(const HeadShape& shape) {
  const int warps = strips(static_cast<int>(shape.tokens));
  return {static_cast<unsigned>(shape.batch * shape.heads),
          32 * static_cast<unsigned>(warps < most_warps ? warps : most_warps),
          static_cast<float>(1 / std::sqrt(static_cast<double>(shape.width)))};
}

// Raises the limit of a kernel once for each kind of it.
template <class Kernel>
void allow_shared(Kernel* kernel) {
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(limits().shared)),
        "preparing attention");
}

template <int width>
void attend_of_width(const HeadShape& shape, const void* qkv, void* out, float* log_sums, cudaStream_t stream) {
  static const bool ready = (allow_shared(attend_kernel<width>), true);
  static_cast<void>(ready);
  const Launch launch = launch_of(shape);
  const int tokens = static_cast<int>(shape.tokens);
  attend_kernel<width><<<launch.blocks, launch.threads, shared_bytes<width>(tokens, 3), stream>>>(
      tokens, static_cast<int>(shape.heads), launch.scale, static_cast<const Half*>(qkv), static_cast<Half*>(out),
      log_sums);
  check(cudaGetLastError(), "attention");
}

template <int width>
void backward_of_width(const HeadShape& shape, const void* qkv, const void* out, const float* log_sums,
                       const void* out_gradient, void* qkv_gradient, cudaStream_t stream) {
  static const bool ready = (allow_shared(attend_backward_kernel<width>), true);
  static_cast<void>(ready);
  const Launch launch = launch_of(shape);
  const int tokens = static_cast<int>(shape.tokens);
  attend_backward_kernel<width><<<launch.blocks, launch.threads, shared_bytes<width>(tokens, 4), stream>>>(
      tokens, static_cast<int>(shape.heads), launch.scale, static_cast<const Half*>(qkv), static_cast<const Half*>(out),
      log_sums, static_cast<const Half*>(out_gradient), static_cast<Half*>(qkv_gradient));
  check(cudaGetLastError(), "attention, backward");
}

}  // namespace

bool can_attend(const HeadShape& shape) {
  if (!available() || shape.batch * shape.heads == 0 || shape.tokens == 0) return false;
  if (shape.tokens > 1024 || !limits().bf16) return false;
  const int tokens = static_cast<int>(shape.tokens);
  if (shape.width == 32) return shared_bytes<32>(tokens, 4) <= limits().shared;
  return shape.width == 64 && shared_bytes<64>(tokens, 4) <= limits().shared;
}

void attend(const HeadShape& shape, const void* qkv, void* out, float* log_sums, Stream stream) {
  const auto on = static_cast<cudaStream_t>(stream);
  shape.width == 32 ? attend_of_width<32>(shape, qkv, out, log_sums, on)
                    : attend_of_width<64>(shape, qkv, out, log_sums, on);
}

void attend_backward(const HeadShape& shape, const void* qkv, const void* out, const float* log_sums,
                     const void* out_gradient, void* qkv_gradient, Stream stream) {
  const auto on = static_cast<cudaStream_t>(stream);
  shape.width == 32 ? backward_of_width<32>(shape, qkv, out, log_sums, out_gradient, qkv_gradient, on)
                    : backward_of_width<64>(shape, qkv, out, log_sums, out_gradient, qkv_gradient, on);
}

}  // namespace vaso::cuda
