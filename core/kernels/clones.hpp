// One binary for every x86-64 machine: functions with this attribute exist for AVX-512, AVX2 and the baseline, and the
// loader chooses. Whatever they call must be inlined into them.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(VASO_SANITIZED)
#define VASO_CPU_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VASO_CPU_CLONES
#endif
