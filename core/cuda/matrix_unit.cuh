// Products of bf16 on a warp's matrix unit, and how their operands lie in its threads' registers (PTX ISA,
// mma.m16n8k16). A thread's place in the warp is group = lane/4 and pair = lane%4.
#pragma once

#include <cuda_bf16.h>

namespace vaso::cuda {

using Half = __nv_bfloat16;

// 16×16: registers 0 to 3 hold two neighbours each of rows group, group+8, group, group+8, in columns 2·pair (the first
// two) and 8 + 2·pair.
struct Left {
  unsigned of[4];
};
// Two of 16×8 side by side: registers 0, 1 are rows 2·pair and 8 + 2·pair of the first one's column `group`, 2, 3 of
// the second's.
struct Right {
  unsigned of[4];
};
// 16×8: rows group (values 0, 1) and group+8 (2, 3), columns 2·pair and 2·pair + 1.
struct Sum {
  float of[4] = {};
};

__device__ inline unsigned shared_address(const Half* at) {
  return static_cast<unsigned>(__cvta_generic_to_shared(at));
}

// 16 bytes to shared memory, on their way until arrive(); zeros where not `there`.
__device__ inline void send(Half* to, const Half* from, bool there) {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from),
               "r"(there ? 16 : 0));
#endif
}
__device__ inline void arrive() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_all;");
#endif
  __syncthreads();
}

__device__ inline void load(unsigned (&of)[4], const Half* at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(of[0]), "=r"(of[1]), "=r"(of[2]), "=r"(of[3])
               : "r"(shared_address(at)));
}
__device__ inline void load_transposed(unsigned (&of)[4], const Half* at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(of[0]), "=r"(of[1]), "=r"(of[2]), "=r"(of[3])
               : "r"(shared_address(at)));
}

// Rows `row` to row+15, columns `column` to column+15 of a matrix in shared memory.
__device__ inline Left left_of(const Half* matrix, int stride, int row, int column) {
  const int lane = threadIdx.x % 32;
  Left left;
  load(left.of, matrix + (row + lane % 16) * stride + column + lane / 16 * 8);
  return left;
}
// The transpose of those rows and columns: what `left · rowsᵀ` takes.
__device__ inline Right right_of_transpose(const Half* matrix, int stride, int row, int column) {
  const int lane = threadIdx.x % 32;
  Right right;
  load(right.of, matrix + (row + lane % 8 + lane / 16 * 8) * stride + column + lane / 8 % 2 * 8);
  return right;
}
// Those rows and columns themselves.
__device__ inline Right right_of(const Half* matrix, int stride, int row, int column) {
  const int lane = threadIdx.x % 32;
  Right right;
  load_transposed(right.of, matrix + (row + lane % 8 + lane / 8 % 2 * 8) * stride + column + lane / 16 * 8);
  return right;
}

__device__ inline unsigned packed(float first, float second) {
  const __nv_bfloat162 both = __floats2bfloat162_rn(first, second);
  return *reinterpret_cast<const unsigned*>(&both);
}
// A result becomes an operand in the registers where it lies.
__device__ inline Left left_of(const Sum& first, const Sum& second) {
  return {{packed(first.of[0], first.of[1]), packed(first.of[2], first.of[3]), packed(second.of[0], second.of[1]),
           packed(second.of[2], second.of[3])}};
}

__device__ inline void multiply_add(Sum& sum, const Left& a, unsigned b0, unsigned b1) {
#if __CUDA_ARCH__ >= 800  // nobody calls it on an older one: see can_attend
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(sum.of[0]), "+f"(sum.of[1]), "+f"(sum.of[2]), "+f"(sum.of[3])
      : "r"(a.of[0]), "r"(a.of[1]), "r"(a.of[2]), "r"(a.of[3]), "r"(b0), "r"(b1));
#endif
}
__device__ inline void multiply_add(Sum& first, Sum& second, const Left& a, const Right& b) {
  multiply_add(first, a, b.of[0], b.of[1]);
  multiply_add(second, a, b.of[2], b.of[3]);
}

}  // namespace vaso::cuda
