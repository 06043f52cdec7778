// Which of its kernels OpenBLAS multiplies with. It chooses by the processor's family and model, and on a processor
// newer than itself falls back to kernels of 2004: with them a training step took four to five times as long as with
// those for AVX-512 (version 0.3.21, a Xeon of 2023). OPENBLAS_CORETYPE chooses others, before it is loaded.
#pragma once

#include <string>

namespace vaso::train {

// "Zen", "SkylakeX", "Prescott". Empty where LibTorch's matrix products are not OpenBLAS's.
std::string openblas_core();

// The core to choose instead of `core`, on a processor with AVX2 and FMA, and with AVX-512 (F, BW, DQ, VL); empty where
// `core` uses what there is.
std::string better_openblas_core(const std::string& core, bool avx2, bool avx512);

// For this processor and what OpenBLAS chose on it.
std::string better_openblas_core();

}  // namespace vaso::train
