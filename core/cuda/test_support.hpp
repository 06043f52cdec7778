// For tests of kernels.
#pragma once

#include "cuda/device.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace vaso::cuda {

// True, with a word, where no kernel can run.
inline bool no_gpu() {
  if (available()) return false;
  MESSAGE("skipped: ", trouble());
  return true;
}

template <class T>
DeviceMemory on_gpu(const std::vector<T>& values) {
  DeviceMemory memory;
  memory.from_host(values.data(), values.size() * sizeof(T));
  return memory;
}

template <class T>
std::vector<T> on_cpu(const DeviceMemory& memory, std::size_t count) {
  std::vector<T> values(count);
  memory.to_host(values.data(), count * sizeof(T));
  return values;
}

}  // namespace vaso::cuda
