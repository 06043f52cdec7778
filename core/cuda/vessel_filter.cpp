// The twins of the filters on the GPU, and whether those are used.
#include "cuda/vessel_filter.hpp"

#include "cuda/device.hpp"
#include "cuda/scales.hpp"

#include <atomic>

namespace vaso::cuda {
namespace {

std::atomic<bool> wanted_on_gpu = false;

// Calls steps(pixels, bytes, scales, scratch, out) with everything in this process.
template <class Steps>
vision::FloatImage filtered(const vision::GreyImage& image, const std::vector<double>& sigmas, const Steps& steps) {
  const Scales scales(sigmas);
  std::vector<double> scratch(image.pixels.size() * VesselScratch::planes);
  vision::FloatImage response(image.height, image.width);
  steps(Extent{1, image.height, image.width}, image.pixels.data(), scales.at(scales.taps().data()),
        VesselScratch{scratch.data(), image.height * image.width}, response.pixels.data());
  return response;
}

}  // namespace

void filter_on_gpu(bool wanted) { wanted_on_gpu = wanted; }
bool filtering_on_gpu() { return wanted_on_gpu && available(); }

vision::FloatImage sato_on_cpu(const vision::GreyImage& image, const std::vector<double>& sigmas) {
  return filtered(image, sigmas,
                  [](const Extent& pixels, const std::uint8_t* bytes, const std::vector<Scale>& scales,
                     const VesselScratch& scratch, float* out) {
                    sato_steps(OnCpu{}, pixels, bytes, scales.data(), static_cast<std::int64_t>(scales.size()), scratch,
                               out);
                  });
}

vision::FloatImage frangi_on_cpu(const vision::GreyImage& image, const vision::FrangiOptions& options) {
  return filtered(image, options.sigmas,
                  [&](const Extent& pixels, const std::uint8_t* bytes, const std::vector<Scale>& scales,
                      const VesselScratch& scratch, float* out) {
                    frangi_steps(OnCpu{}, pixels, bytes, scales.data(), static_cast<std::int64_t>(scales.size()),
                                 options.beta, options.c, scratch, out);
                  });
}

}  // namespace vaso::cuda
