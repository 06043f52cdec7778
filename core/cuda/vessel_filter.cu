#include "cuda/vessel_filter.hpp"

#include "cuda/launch.cuh"
#include "cuda/scales.hpp"

#include <memory>

namespace vaso::cuda {
namespace {

// One thread's own.
struct Workshop {
  OwnStream stream;
  DeviceMemory image, taps, scratch, out;
};

template <class Steps>
vision::FloatImage filtered(const vision::GreyImage& image, const std::vector<double>& sigmas, const Steps& steps) {
  vision::FloatImage response(image.height, image.width);
  if (image.pixels.empty()) return response;
  static thread_local std::unique_ptr<Workshop> own;
  if (!own) own = std::make_unique<Workshop>();
  const Scales scales(sigmas);
  own->image.from_host(image.pixels.data(), image.pixels.size(), own->stream);
  own->taps.from_host(scales.taps().data(), scales.taps().size() * sizeof(double), own->stream);
  own->scratch.reserve(image.pixels.size() * VesselScratch::planes * sizeof(double));
  own->out.reserve(image.pixels.size() * sizeof(float));
  steps(OnGpu{own->stream, "filtering an image for vessels"}, Extent{1, image.height, image.width},
        own->image.as<std::uint8_t>(), scales.at(own->taps.as<double>()),
        VesselScratch{own->scratch.as<double>(), image.height * image.width}, own->out.as<float>());
  own->out.to_host(response.pixels.data(), image.pixels.size() * sizeof(float), own->stream);
  return response;
}

}  // namespace

vision::FloatImage sato(const vision::GreyImage& image, const std::vector<double>& sigmas) {
  return filtered(image, sigmas,
                  [](const OnGpu& run, const Extent& pixels, const std::uint8_t* bytes,
                     const std::vector<Scale>& scales, const VesselScratch& scratch, float* out) {
                    sato_steps(run, pixels, bytes, scales.data(), static_cast<std::int64_t>(scales.size()), scratch,
                               out);
                  });
}

vision::FloatImage frangi(const vision::GreyImage& image, const vision::FrangiOptions& options) {
  return filtered(image, options.sigmas,
                  [&](const OnGpu& run, const Extent& pixels, const std::uint8_t* bytes,
                      const std::vector<Scale>& scales, const VesselScratch& scratch, float* out) {
                    frangi_steps(run, pixels, bytes, scales.data(), static_cast<std::int64_t>(scales.size()),
                                 options.beta, options.c, scratch, out);
                  });
}

}  // namespace vaso::cuda
