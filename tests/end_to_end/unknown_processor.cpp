// Preloaded before OpenBLAS, answers in its place which processor's kernels it uses: see openblas_core_test.cpp.
#include <cstdlib>

extern "C" const char* openblas_get_corename() {
  const char* wish = std::getenv("OPENBLAS_CORETYPE");
  return wish == nullptr ? "Prescott" : wish;
}
