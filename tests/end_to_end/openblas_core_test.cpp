// OpenBLAS on a processor that it does not know. Preloaded, unknown_processor.cpp plays one that has chosen as it does
// there until it is told otherwise.
#include "laboratory.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace vaso;
using namespace vaso::tests;

TEST_SUITE("end_to_end") {
  TEST_CASE("where OpenBLAS falls back to old kernels the worker starts again with others, unless told to keep them") {
    if (!__builtin_cpu_supports("avx2")) {
      MESSAGE("skipped: this processor has no AVX2");
      return;
    }
    const Laboratory lab;
    const auto doctor = [&](const char* wish) {
      return lab.wait(lab.start({"doctor"}, [&] {
        setenv("LD_PRELOAD", (build_dir() / "tests" / "libunknown_processor.so").c_str(), 1);
        unsetenv("OPENBLAS_CORETYPE");
        if (wish != nullptr) setenv("OPENBLAS_CORETYPE", wish, 1);
      }));
    };
    const Ended chosen = doctor(nullptr);
    INFO(chosen.text());
    CHECK(chosen.says(__builtin_cpu_supports("avx512f") ? "kernels for SkylakeX" : "kernels for Haswell"));
    CHECK_FALSE(chosen.says("Prescott"));
    const Ended kept = doctor("Prescott");
    INFO(kept.text());
    CHECK(kept.says("kernels for Prescott"));
    CHECK(kept.says("OPENBLAS_CORETYPE="));
  }
}
