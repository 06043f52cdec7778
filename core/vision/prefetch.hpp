// Memory asked for before it is used. A processor sees by itself what comes next within a row, but not that a strip
// goes on in the next row: without this, every row of a strip waits for the third-level cache.
#pragma once

#include <cstdint>

namespace vaso::vision {

constexpr std::int64_t kRowsAhead = 2;

inline void prefetch(const float* values, std::int64_t count) {
  constexpr std::int64_t kLine = 16;  // floats in 64 bytes
  for (std::int64_t i = 0; i < count; i += kLine) __builtin_prefetch(values + i);
}

}  // namespace vaso::vision
