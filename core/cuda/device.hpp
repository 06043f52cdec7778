// The GPU as seen without LibTorch. All of it is there in every build; without CUDA it says so.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

namespace vaso::cuda {

// What failed, the driver's words and number, and what to do.
struct CudaError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Why no kernel can run here: not compiled in, no driver, no GPU. Empty where one can. Asked once per process.
const std::string& trouble();
inline bool available() { return trouble().empty(); }

// Of all processes on the GPU, now. Throws CudaError.
std::size_t bytes_in_use();

// As LibTorch's own default stream, the one that everything here runs on unless said otherwise.
using Stream = void*;
constexpr Stream default_stream = nullptr;

// Bytes on the GPU; they grow and never shrink. Throws CudaError.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  explicit DeviceMemory(std::size_t bytes) { reserve(bytes); }
  DeviceMemory(DeviceMemory&& other) noexcept { swap(other); }
  DeviceMemory& operator=(DeviceMemory&& other) noexcept {
    swap(other);
    return *this;
  }
  ~DeviceMemory();
  void reserve(std::size_t bytes);  // what was in it is lost where it grows
  void from_host(const void* from, std::size_t bytes, Stream stream = default_stream);
  void to_host(void* to, std::size_t bytes, Stream stream = default_stream) const;  // and waits for it
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  void swap(DeviceMemory& other) {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
  }
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// A stream of its own, for threads that work beside each other.
class OwnStream {
 public:
  OwnStream();  // throws CudaError
  OwnStream(const OwnStream&) = delete;
  ~OwnStream();
  operator Stream() const { return stream_; }

 private:
  Stream stream_ = nullptr;
};

}  // namespace vaso::cuda
