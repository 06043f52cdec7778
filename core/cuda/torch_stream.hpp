// The stream that LibTorch's own work on a GPU runs on, asked for without its CUDA headers, which its builds for the
// CPU cannot use.
#pragma once

#include "cuda/device.hpp"

#include <c10/core/impl/VirtualGuardImpl.h>

namespace vaso::cuda {

// For kernels that read or write tensors. LibTorch computes on the default stream unless it is told otherwise, and
// nothing of ours does.
inline Stream torch_stream(c10::Device device) {
  if (c10::impl::VirtualGuardImpl(device.type()).getStream(device).id() != 0)
    throw CudaError("a component changed LibTorch's CUDA stream: kernels here run on the default stream only");
  return default_stream;
}

}  // namespace vaso::cuda
