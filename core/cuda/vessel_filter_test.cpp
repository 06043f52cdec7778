#include "cuda/vessel_filter.hpp"

#include "cuda/test_support.hpp"
#include "support/paths.hpp"
#include "train/safetensors.hpp"

#include <algorithm>
#include <cmath>

using namespace vaso;
using namespace vaso::cuda;
using vision::FloatImage;
using vision::GreyImage;

namespace {

const std::vector<double> kSigmas{1, 2, 3, 4};

// Dark bands on an uneven background.
GreyImage bands(int height, int width) {
  GreyImage image(height, width);
  for (int r = 0; r < height; ++r) {
    for (int c = 0; c < width; ++c) {
      const double thick = std::abs((r - 0.5 * height) - 0.6 * (c - 0.5 * width) - 6 * std::sin(c / 9.0)) / 2.5;
      const double thin = std::abs((r - 20) + 0.3 * (c - 60)) / 1.5;
      const double value = 160 + 30 * std::sin(0.07 * r) * std::cos(0.05 * c) - 70 * std::exp(-thick * thick) -
                           35 * std::exp(-thin * thin);
      image.at(r, c) = static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0));
    }
  }
  return image;
}

double largest_difference(const FloatImage& a, const FloatImage& b) {
  REQUIRE(a.pixels.size() == b.pixels.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(a.pixels[i]) - static_cast<double>(b.pixels[i])));
  return largest;
}

// Images larger and smaller than the filter reaches, and flat.
std::vector<GreyImage> images() { return {bands(96, 80), bands(5, 40), bands(1, 1), GreyImage(33, 20, 77)}; }

vision::FrangiOptions fixed_strength() {
  vision::FrangiOptions options;
  options.c = 12;
  options.sigmas = {1.5, 3};
  return options;
}

template <class T>
vision::Plane2d<T> plane_of(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.contiguous();
  vision::Plane2d<T> image(plain.size(0), plain.size(1));
  std::copy_n(plain.data_ptr<T>(), image.pixels.size(), image.pixels.begin());
  return image;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("the filters' twins equal core/vision, and so do the masks made from them") {
    for (const GreyImage& image : images()) {
      const FloatImage tubes = sato_on_cpu(image, kSigmas), expected = vision::sato(image, kSigmas);
      CHECK(largest_difference(tubes, expected) < 2e-3);
      CHECK(vision::released_mask(tubes, 3).pixels == vision::released_mask(expected, 3).pixels);
      for (const vision::FrangiOptions& options : {vision::FrangiOptions{}, fixed_strength()})
        CHECK(largest_difference(frangi_on_cpu(image, options), vision::frangi(image, options)) < 2e-4);
    }
  }

  TEST_CASE("one scale alone, and scales in another order") {
    const GreyImage image = bands(64, 48);
    CHECK(largest_difference(sato_on_cpu(image, {2.5}), vision::sato(image, {2.5})) < 2e-3);
    CHECK(largest_difference(sato_on_cpu(image, {4, 1}), sato_on_cpu(image, {1, 4})) == 0);
  }

  TEST_CASE("the kernels equal their twins") {
    if (no_gpu()) return;
    for (const GreyImage& image : images()) {
      const FloatImage tubes = cuda::sato(image, kSigmas);
      CHECK(largest_difference(tubes, sato_on_cpu(image, kSigmas)) < 1e-6);
      CHECK(vision::released_mask(tubes, 3).pixels == vision::released_mask(vision::sato(image, kSigmas), 3).pixels);
      for (const vision::FrangiOptions& options : {vision::FrangiOptions{}, fixed_strength()})
        CHECK(largest_difference(cuda::frangi(image, options), frangi_on_cpu(image, options)) < 1e-6);
    }
  }
}

TEST_SUITE("reference") {
  TEST_CASE("the twins, and the kernels where there is a GPU, equal scikit-image and the released mask") {
    const auto files = tests::reference_files("vesselness", ".safetensors");
    if (files.empty()) MESSAGE("skipped: no vesselness*.safetensors in ", tests::reference_dir().string());
    for (const auto& file : files) {
      const Bag tensors = train::read_safetensors(file).tensors;
      for (const auto& [name, grey] : tensors) {
        if (!name.ends_with(".grey")) continue;
        const std::string frame = name.substr(0, name.size() - 5);
        CAPTURE(frame);
        const GreyImage image = plane_of<std::uint8_t>(grey);
        const GreyImage mask = plane_of<std::uint8_t>(tensors.at(frame + ".official_mask"));
        const auto check = [&](const FloatImage& tubes, const FloatImage& vesselness) {
          CHECK(largest_difference(tubes, plane_of<float>(tensors.at(frame + ".sato"))) < 1e-3);
          CHECK(vision::released_mask(tubes).pixels == mask.pixels);
          CHECK(largest_difference(vesselness, plane_of<float>(tensors.at(frame + ".frangi"))) < 1e-4);
        };
        check(sato_on_cpu(image, kSigmas), frangi_on_cpu(image, {}));
        if (available()) check(cuda::sato(image, kSigmas), cuda::frangi(image, {}));
      }
    }
  }
}
