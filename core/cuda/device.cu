#include "cuda/device.hpp"

#include "cuda/launch.cuh"

namespace vaso::cuda {
namespace {

const char* what_to_do(cudaError_t code) {
  switch (code) {
    case cudaErrorInsufficientDriver:
      return "the NVIDIA driver is missing or older than this program: update it, or use device \"cpu\"";
    case cudaErrorNoDevice:
      return "this machine shows no GPU to this process (see nvidia-smi and CUDA_VISIBLE_DEVICES): use device \"cpu\"";
    case cudaErrorMemoryAllocation:
      return "the memory of the GPU is full: lower the batch size, or stop what else uses it";
    case cudaErrorNoKernelImageForDevice:
      return "the program was not built for this GPU: configure with -DCMAKE_CUDA_ARCHITECTURES=native";
    default:
      return "run again with CUDA_LAUNCH_BLOCKING=1 to see which step it was";
  }
}

}  // namespace

void check(cudaError_t code, const char* doing) {
  if (code == cudaSuccess) return;
  throw CudaError(std::string(doing) + ": " + cudaGetErrorString(code) + " (CUDA error " +
                  std::to_string(static_cast<int>(code)) + "); " + what_to_do(code));
}

const std::string& trouble() {
  static const std::string answer = []() -> std::string {
    int devices = 0;
    try {
      check(cudaGetDeviceCount(&devices), "looking for a GPU");
      check(devices > 0 ? cudaSuccess : cudaErrorNoDevice, "looking for a GPU");
    } catch (const CudaError& error) {
      cudaGetLastError();  // it would be reported again by the next check
      return error.what();
    }
    return {};
  }();
  return answer;
}

std::size_t bytes_in_use() {
  std::size_t free = 0, all = 0;
  check(cudaMemGetInfo(&free, &all), "asking for the GPU's memory");
  return all - free;
}

DeviceMemory::~DeviceMemory() { cudaFree(data_); }

void DeviceMemory::reserve(std::size_t bytes) {
  if (bytes <= bytes_) return;
  cudaFree(data_);
  data_ = nullptr;
  bytes_ = 0;
  check(cudaMalloc(&data_, bytes), "taking memory of the GPU");
  bytes_ = bytes;
}

void DeviceMemory::from_host(const void* from, std::size_t bytes, Stream stream) {
  reserve(bytes);
  if (bytes == 0) return;
  check(cudaMemcpyAsync(data_, from, bytes, cudaMemcpyHostToDevice, static_cast<cudaStream_t>(stream)),
        "copying to the GPU");
}

void DeviceMemory::to_host(void* to, std::size_t bytes, Stream stream) const {
  if (bytes == 0) return;
  check(cudaMemcpyAsync(to, data_, bytes, cudaMemcpyDeviceToHost, static_cast<cudaStream_t>(stream)),
        "copying from the GPU");
  check(cudaStreamSynchronize(static_cast<cudaStream_t>(stream)), "waiting for the GPU");
}

OwnStream::OwnStream() {
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "making a stream");
  stream_ = stream;
}

OwnStream::~OwnStream() { cudaStreamDestroy(static_cast<cudaStream_t>(stream_)); }

}  // namespace vaso::cuda
