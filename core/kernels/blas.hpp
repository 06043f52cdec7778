// The single-precision matrix product of the BLAS library that LibTorch itself runs on, for calls from many threads at
// once, each on a small matrix in place: at::bmm of LibTorch 1.13 without MKL wants copies and reaches a fifth of it.
#pragma once

namespace vaso::kernels {

// Fortran's interface: matrices are column by column.
using Sgemm = void (*)(const char* transpose_a, const char* transpose_b, const int* m, const int* n, const int* k,
                       const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
                       const float* beta, float* c, const int* ldc);

// Null where LibTorch keeps its BLAS to itself (MKL, linked statically).
Sgemm blas_sgemm();

}  // namespace vaso::kernels
