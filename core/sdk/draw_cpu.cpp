#include "sdk/draw_cpu.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace vaso {

void draw_weighted_rows(const double* weights, const double* log_u, std::int64_t rows, std::int64_t tokens,
                        std::int64_t count, bool* drawn) {
  constexpr double never = std::numeric_limits<double>::infinity();
  const std::int64_t wanted = std::min(count, tokens);
  std::vector<double> clocks(static_cast<std::size_t>(tokens)), sorted(clocks.size());
  for (std::int64_t row = 0; row < rows; ++row, weights += tokens, log_u += tokens, drawn += tokens) {
    for (std::int64_t i = 0; i < tokens; ++i) {
      clocks[static_cast<std::size_t>(i)] = weights[i] > 0 ? -log_u[i] / weights[i] : never;
    }
    sorted = clocks;
    std::nth_element(sorted.begin(), sorted.begin() + (wanted - 1), sorted.end());
    const double last = sorted[static_cast<std::size_t>(wanted - 1)];
    std::int64_t left = wanted;
    for (std::int64_t i = 0; i < tokens; ++i) {
      drawn[i] = clocks[static_cast<std::size_t>(i)] < last;
      left -= drawn[i];
    }
    if (last == never) continue;  // fewer than `count` weights are positive
    for (std::int64_t i = 0; i < tokens && left > 0; ++i) {
      if (clocks[static_cast<std::size_t>(i)] != last) continue;  // one token, but for ties
      drawn[i] = true;
      --left;
    }
  }
}

void draw_evenly_rows(const bool* taken, const std::int64_t* count, const double* u, std::int64_t rows,
                      std::int64_t tokens, bool* drawn) {
  std::vector<std::int32_t> free(static_cast<std::size_t>(tokens));
  for (std::int64_t row = 0; row < rows; ++row, taken += tokens, drawn += tokens) {
    std::int64_t left = 0;
    for (std::int64_t i = 0; i < tokens; ++i) {
      free[static_cast<std::size_t>(left)] = static_cast<std::int32_t>(i);
      left += !taken[i];
    }
    const double* draw = u;
    u += std::max<std::int64_t>(count[row], 0);
    for (std::int64_t n = std::min(count[row], left); n > 0; --n) {
      const auto chosen = static_cast<std::size_t>(*draw++ * static_cast<double>(left));
      drawn[free[chosen]] = true;
      free[chosen] = free[static_cast<std::size_t>(--left)];
    }
  }
}

}  // namespace vaso
