#include "cuda/patches.hpp"

#include "cuda/launch.cuh"

namespace vaso::cuda {
namespace {

constexpr int warps = 8;  // of a block; a warp takes a patch

// Where a patch lies.
struct Place {
  std::int64_t side, area;         // of the image, and of one of its channels
  std::int64_t image, prediction;  // of the patch's first value
  int patch;

  __device__ Place(const PatchShape& shape, std::int64_t index)
      : side(shape.grid * shape.patch), area(side * side), patch(static_cast<int>(shape.patch)) {
    const std::int64_t tokens = shape.grid * shape.grid, token = index % tokens;
    image = index / tokens * 3 * area + token / shape.grid * patch * side + token % shape.grid * patch;
    prediction = index * 3 * patch * patch;
  }
  __device__ int values() const { return 3 * patch * patch; }

  // Calls work(place in the image, place in the prediction) for a thread's share of the values: two rows of 16 at a
  // time.
  template <class Work>
  __device__ void each(const Work& work) const {
    const int lane = threadIdx.x % 32;
    for (int channel = 0; channel < 3; ++channel) {
      for (int row = lane / 16; row < patch; row += 2) {
        for (int column = lane % 16; column < patch; column += 16)
          work(image + channel * area + row * side + column, prediction + 3 * (row * patch + column) + channel);
      }
    }
  }
};

struct Statistics {
  float mean = 0, deviation = 1;
};

__device__ Statistics statistics_of(const Patches& of, const Place& place) {
  if (!of.normalise) return {};
  const auto count = static_cast<float>(place.values());
  float sum = 0, squares = 0;
  place.each([&](std::int64_t at, std::int64_t) { sum += of.image[at]; });
  const float mean = warp_sum(sum) / count;
  place.each([&](std::int64_t at, std::int64_t) {
    const float away = of.image[at] - mean;
    squares = __fmaf_rn(away, away, squares);
  });
  return {mean, sqrtf(warp_sum(squares) / (count - 1) + 1e-6f)};
}

// Calls work(place, patch) in each warp.
template <class Work>
__global__ void __launch_bounds__(32 * warps) for_each_patch(PatchShape shape, Work work) {
  const std::int64_t index = std::int64_t{blockIdx.x} * warps + threadIdx.x / 32;
  if (index < shape.batch * shape.grid * shape.grid) work(Place(shape, index), index);
}

struct Errors {
  Patches of;
  float *errors, *statistics;
  __device__ void operator()(const Place& place, std::int64_t index) const {
    const Statistics s = statistics_of(of, place);
    const float inverse = 1 / s.deviation;
    float sum = 0;
    place.each([&](std::int64_t at, std::int64_t predicted) {
      const float away = of.prediction[predicted] - (of.image[at] - s.mean) * inverse;
      sum = __fmaf_rn(away, away, sum);
    });
    sum = warp_sum(sum);
    if (threadIdx.x % 32 != 0) return;
    errors[index] = sum / static_cast<float>(place.values());
    statistics[2 * index] = s.mean;
    statistics[2 * index + 1] = s.deviation;
  }
};

struct ErrorsBackward {
  Patches of;
  const float *statistics, *gradient;
  float* out;
  __device__ void operator()(const Place& place, std::int64_t index) const {
    const float mean = statistics[2 * index], inverse = 1 / statistics[2 * index + 1];
    const float factor = 2 * gradient[index] / static_cast<float>(place.values());
    place.each([&](std::int64_t at, std::int64_t predicted) {
      out[predicted] = factor * (of.prediction[predicted] - (of.image[at] - mean) * inverse);
    });
  }
};

struct ToImage {
  Patches of;
  const bool* dropped;
  float *out, *statistics;
  __device__ void operator()(const Place& place, std::int64_t index) const {
    const Statistics s = statistics_of(of, place);
    const bool shown = dropped != nullptr && dropped[index];
    place.each([&](std::int64_t at, std::int64_t predicted) {
      out[at] = shown ? of.image[at] : __fmaf_rn(of.prediction[predicted], s.deviation, s.mean);
    });
    if (threadIdx.x % 32 != 0) return;
    statistics[2 * index] = s.mean;
    statistics[2 * index + 1] = s.deviation;
  }
};

struct ToImageBackward {
  const bool* dropped;
  const float *statistics, *gradient;
  float* out;
  __device__ void operator()(const Place& place, std::int64_t index) const {
    const float factor = dropped != nullptr && dropped[index] ? 0.0f : statistics[2 * index + 1];
    place.each([&](std::int64_t at, std::int64_t predicted) { out[predicted] = factor * gradient[at]; });
  }
};

template <class Work>
void launch(const PatchShape& shape, const Work& work, Stream stream, const char* doing) {
  const std::int64_t patches = shape.batch * shape.grid * shape.grid;
  if (patches == 0) return;
  for_each_patch<<<static_cast<unsigned>((patches + warps - 1) / warps), 32 * warps, 0,
                   static_cast<cudaStream_t>(stream)>>>(shape, work);
  check(cudaGetLastError(), doing);
}

}  // namespace

void patch_errors(const Patches& of, float* errors, float* statistics, Stream stream) {
  launch(of.shape, Errors{of, errors, statistics}, stream, "comparing patches");
}

void patch_errors_backward(const Patches& of, const float* statistics, const float* gradient,
                           float* prediction_gradient, Stream stream) {
  launch(of.shape, ErrorsBackward{of, statistics, gradient, prediction_gradient}, stream,
         "comparing patches, backward");
}

void patches_to_image(const Patches& of, const bool* dropped, float* image, float* statistics, Stream stream) {
  launch(of.shape, ToImage{of, dropped, image, statistics}, stream, "putting patches together");
}

void patches_to_image_backward(const Patches& of, const bool* dropped, const float* statistics, const float* gradient,
                               float* prediction_gradient, Stream stream) {
  launch(of.shape, ToImageBackward{dropped, statistics, gradient, prediction_gradient}, stream,
         "putting patches together, backward");
}

}  // namespace vaso::cuda
