#include "cuda/patches.hpp"

#include "cuda/launch.cuh"

namespace vaso::cuda {
namespace {

constexpr int warps = 8;  // of a block; a warp takes a patch

// `width` neighbours of a row in all three channels: what a thread takes at a time, in three loads of an image and in
// three of a prediction, where channels lie side by side.
template <int width>
struct alignas(sizeof(float) * width) Part {
  float of[width];
};
template <int width>
struct Piece {
  float of[3 * width];  // as a prediction has them: 3·column + channel

  __device__ static Piece of_image(const float* image, std::int64_t area) {
    Piece piece;
#pragma unroll
    for (int channel = 0; channel < 3; ++channel) {
      const auto part = *reinterpret_cast<const Part<width>*>(image + channel * area);
#pragma unroll
      for (int i = 0; i < width; ++i) piece.of[3 * i + channel] = part.of[i];
    }
    return piece;
  }
  __device__ void to_image(float* image, std::int64_t area) const {
#pragma unroll
    for (int channel = 0; channel < 3; ++channel) {
      Part<width> part;
#pragma unroll
      for (int i = 0; i < width; ++i) part.of[i] = of[3 * i + channel];
      *reinterpret_cast<Part<width>*>(image + channel * area) = part;
    }
  }
  __device__ static Piece of_prediction(const float* prediction) {
    Piece piece;
#pragma unroll
    for (int k = 0; k < 3; ++k) {
      const auto part = reinterpret_cast<const Part<width>*>(prediction)[k];
#pragma unroll
      for (int i = 0; i < width; ++i) piece.of[width * k + i] = part.of[i];
    }
    return piece;
  }
  __device__ void to_prediction(float* prediction) const {
#pragma unroll
    for (int k = 0; k < 3; ++k) {
      Part<width> part;
#pragma unroll
      for (int i = 0; i < width; ++i) part.of[i] = of[width * k + i];
      reinterpret_cast<Part<width>*>(prediction)[k] = part;
    }
  }
};

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

  // Calls work(place in the image, place in the prediction) for each of a thread's pieces.
  template <int width, class Work>
  __device__ void each(const Work& work) const {
    const int across = patch / width;
    for (int i = threadIdx.x % 32; i < patch * across; i += 32) {
      const int row = i / across, column = i % across * width;
      work(image + row * side + column, prediction + 3 * (row * patch + column));
    }
  }
};

struct Statistics {
  float mean = 0, deviation = 1;
};

template <int width>
__device__ Statistics statistics_of(const Patches& of, const Place& place) {
  if (!of.normalise) return {};
  const auto count = static_cast<float>(place.values());
  float sum = 0, squares = 0;
  place.each<width>([&](std::int64_t at, std::int64_t) {
    const auto piece = Piece<width>::of_image(of.image + at, place.area);
#pragma unroll
    for (const float value : piece.of) sum += value;
  });
  const float mean = warp_sum(sum) / count;
  place.each<width>([&](std::int64_t at, std::int64_t) {
    const auto piece = Piece<width>::of_image(of.image + at, place.area);
#pragma unroll
    for (const float value : piece.of) squares = __fmaf_rn(value - mean, value - mean, squares);
  });
  return {mean, sqrtf(warp_sum(squares) / (count - 1) + 1e-6f)};
}

// Calls work(place, patch) in each warp.
template <int width, class Work>
__global__ void __launch_bounds__(32 * warps) for_each_patch(PatchShape shape, Work work) {
  const std::int64_t index = std::int64_t{blockIdx.x} * warps + threadIdx.x / 32;
  if (index < shape.batch * shape.grid * shape.grid) work.template run<width>(Place(shape, index), index);
}

struct Errors {
  Patches of;
  float *errors, *statistics;
  template <int width>
  __device__ void run(const Place& place, std::int64_t index) const {
    const Statistics s = statistics_of<width>(of, place);
    const float inverse = 1 / s.deviation;
    float sum = 0;
    place.each<width>([&](std::int64_t at, std::int64_t predicted) {
      const auto truth = Piece<width>::of_image(of.image + at, place.area);
      const auto guess = Piece<width>::of_prediction(of.prediction + predicted);
#pragma unroll
      for (int i = 0; i < 3 * width; ++i) {
        const float away = guess.of[i] - (truth.of[i] - s.mean) * inverse;
        sum = __fmaf_rn(away, away, sum);
      }
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
  template <int width>
  __device__ void run(const Place& place, std::int64_t index) const {
    const float mean = statistics[2 * index], inverse = 1 / statistics[2 * index + 1];
    const float factor = 2 * gradient[index] / static_cast<float>(place.values());
    place.each<width>([&](std::int64_t at, std::int64_t predicted) {
      const auto truth = Piece<width>::of_image(of.image + at, place.area);
      auto guess = Piece<width>::of_prediction(of.prediction + predicted);
#pragma unroll
      for (int i = 0; i < 3 * width; ++i) guess.of[i] = factor * (guess.of[i] - (truth.of[i] - mean) * inverse);
      guess.to_prediction(out + predicted);
    });
  }
};

struct ToImage {
  Patches of;
  const bool* dropped;
  float *out, *statistics;
  template <int width>
  __device__ void run(const Place& place, std::int64_t index) const {
    const Statistics s = statistics_of<width>(of, place);
    const bool shown = dropped != nullptr && dropped[index];
    place.each<width>([&](std::int64_t at, std::int64_t predicted) {
      auto piece = shown ? Piece<width>::of_image(of.image + at, place.area)
                         : Piece<width>::of_prediction(of.prediction + predicted);
#pragma unroll
      for (float& value : piece.of) value = shown ? value : __fmaf_rn(value, s.deviation, s.mean);
      piece.to_image(out + at, place.area);
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
  template <int width>
  __device__ void run(const Place& place, std::int64_t index) const {
    const float factor = dropped != nullptr && dropped[index] ? 0.0f : statistics[2 * index + 1];
    place.each<width>([&](std::int64_t at, std::int64_t predicted) {
      auto piece = Piece<width>::of_image(gradient + at, place.area);
#pragma unroll
      for (float& value : piece.of) value *= factor;
      piece.to_prediction(out + predicted);
    });
  }
};

template <class Work>
void launch(const PatchShape& shape, const Work& work, Stream stream, const char* doing) {
  const std::int64_t patches = shape.batch * shape.grid * shape.grid;
  if (patches == 0) return;
  const auto blocks = static_cast<unsigned>((patches + warps - 1) / warps);
  const auto on = static_cast<cudaStream_t>(stream);
  if (shape.patch % 4 == 0) {
    for_each_patch<4><<<blocks, 32 * warps, 0, on>>>(shape, work);
  } else if (shape.patch % 2 == 0) {
    for_each_patch<2><<<blocks, 32 * warps, 0, on>>>(shape, work);
  } else {
    for_each_patch<1><<<blocks, 32 * warps, 0, on>>>(shape, work);
  }
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
