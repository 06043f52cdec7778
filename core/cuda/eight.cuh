// Eight neighbours of a row, which a thread reads and writes 16 bytes at a time.
#pragma once

#include <cuda_bf16.h>

namespace vaso::cuda {

struct Eight {
  float of[8];
};

__device__ inline Eight read(const float* at) {
  const float4 first = reinterpret_cast<const float4*>(at)[0], second = reinterpret_cast<const float4*>(at)[1];
  return {{first.x, first.y, first.z, first.w, second.x, second.y, second.z, second.w}};
}
__device__ inline void write(float* at, const Eight& values) {
  const float(&v)[8] = values.of;
  reinterpret_cast<float4*>(at)[0] = make_float4(v[0], v[1], v[2], v[3]);
  reinterpret_cast<float4*>(at)[1] = make_float4(v[4], v[5], v[6], v[7]);
}

// As bf16 they fit in four registers.
struct PackedEight {
  uint4 bits;

  __device__ Eight wide() const {
    const auto* pairs = reinterpret_cast<const __nv_bfloat162*>(&bits);
    Eight values;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float2 two = __bfloat1622float2(pairs[i]);
      values.of[2 * i] = two.x;
      values.of[2 * i + 1] = two.y;
    }
    return values;
  }
};
__device__ inline PackedEight packed(const Eight& values) {
  PackedEight result;
  auto* pairs = reinterpret_cast<__nv_bfloat162*>(&result.bits);
#pragma unroll
  for (int i = 0; i < 4; ++i) pairs[i] = __floats2bfloat162_rn(values.of[2 * i], values.of[2 * i + 1]);
  return result;
}
__device__ inline PackedEight read_packed(const __nv_bfloat16* at) { return {*reinterpret_cast<const uint4*>(at)}; }
__device__ inline void write(__nv_bfloat16* at, const PackedEight& values) {
  *reinterpret_cast<uint4*>(at) = values.bits;
}
__device__ inline Eight read(const __nv_bfloat16* at) { return read_packed(at).wide(); }
__device__ inline void write(__nv_bfloat16* at, const Eight& values) { write(at, packed(values)); }

}  // namespace vaso::cuda
