// One binary for every x86-64 machine: a function with this attribute is compiled three times, and the loader chooses.
// Whatever it calls must be inlined into it.
//
// Levels are those of the x86-64 psABI: v3 has AVX2 and FMA (2013), v4 AVX-512. Where the order of operations is
// written out, both compute the same bits; "default" has no fused multiply-add, and differs in the last bit of a sum.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(VASO_SANITIZED)
#define VASO_CPU_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VASO_CPU_CLONES
#endif
