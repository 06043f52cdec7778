#include "kernels/blas.hpp"

#include <dlfcn.h>

namespace vaso::kernels {

Sgemm blas_sgemm() {
  static const auto product = reinterpret_cast<Sgemm>(::dlsym(RTLD_DEFAULT, "sgemm_"));
  return product;
}

}  // namespace vaso::kernels
