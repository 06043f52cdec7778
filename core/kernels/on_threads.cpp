#include "kernels/on_threads.hpp"

#include <omp.h>

#include <exception>

namespace vaso::kernels {

void on_threads(std::int64_t count, const std::function<void(std::int64_t)>& work) {
  std::exception_ptr error;
#pragma omp parallel for schedule(static, 1) if (count > 1)
  for (std::int64_t i = 0; i < count; ++i) {
    try {
      work(i);
    } catch (...) {
#pragma omp critical
      if (!error) error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
}

bool on_one_of_threads() { return omp_in_parallel() != 0; }

}  // namespace vaso::kernels
