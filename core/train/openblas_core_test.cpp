#include "train/openblas_core.hpp"

#include <doctest/doctest.h>

using namespace vaso;

TEST_SUITE("unit") {
  TEST_CASE("OpenBLAS's kernels: others only where it does not know the processor") {
    CHECK(train::better_openblas_core("Prescott", true, true) == "SkylakeX");
    CHECK(train::better_openblas_core("Prescott", true, false) == "Haswell");
    CHECK(train::better_openblas_core("Barcelona", true, true) == "SkylakeX");
    CHECK(train::better_openblas_core("Prescott", false, false).empty());  // it has no more
    for (const char* core : {"Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids"})
      CHECK(train::better_openblas_core(core, true, true).empty());
    CHECK(train::better_openblas_core("", true, true).empty());  // another library
  }
}
