#include "train/openblas_core.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace vaso::train {

std::string openblas_core() {
  const auto name = reinterpret_cast<const char* (*)()>(::dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  return name == nullptr ? "" : name();
}

std::string better_openblas_core(const std::string& core, bool avx2, bool avx512) {
  constexpr std::array<std::string_view, 6> with_avx2 = {"Haswell",  "Zen",        "Excavator",
                                                         "SkylakeX", "Cooperlake", "SapphireRapids"};
  if (core.empty() || !avx2 || std::find(with_avx2.begin(), with_avx2.end(), core) != with_avx2.end()) return "";
  return avx512 ? "SkylakeX" : "Haswell";
}

std::string better_openblas_core() {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return better_openblas_core(openblas_core(), avx2, avx512);
#else
  return "";
#endif
}

}  // namespace vaso::train
