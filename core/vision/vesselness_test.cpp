#include "vision/vesselness.hpp"
#include "vision/two_pass_hessian.hpp"

#include "data/philox.hpp"
#include "train/safetensors.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <numeric>

using namespace vaso;
using namespace vaso::vision;

namespace {

const std::vector<double> kSigmas{1, 2, 3, 4};

GreyImage grey_of(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.contiguous();
  GreyImage image(plain.size(0), plain.size(1));
  std::copy_n(plain.data_ptr<std::uint8_t>(), image.pixels.size(), image.pixels.begin());
  return image;
}

double largest_difference(const FloatImage& ours, const at::Tensor& expected) {
  const at::Tensor plain = expected.contiguous();
  REQUIRE(plain.numel() == static_cast<std::int64_t>(ours.pixels.size()));
  const float* wanted = plain.data_ptr<float>();
  double largest = 0;
  for (std::size_t i = 0; i < ours.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(ours.pixels[i]) - wanted[i]));
  }
  return largest;
}

// A curved dark band and a faint one on an uneven background; the numbers below come from scikit-image 0.25 on this
// image.
GreyImage two_bands() {
  GreyImage image(96, 96);
  for (int r = 0; r < 96; ++r) {
    for (int c = 0; c < 96; ++c) {
      const double thick = std::abs((r - 48) - .6 * (c - 48) - 6 * std::sin(c / 9.0)) / 2.5;
      const double thin = std::abs((r - 20) + .3 * (c - 60)) / 1.5;
      const double value = 160 + 30 * std::sin(.07 * r) * std::cos(.05 * c) - 70 * std::exp(-thick * thick) -
                           35 * std::exp(-thin * thin);
      image.at(r, c) = static_cast<std::uint8_t>(std::clamp(std::floor(value), 0.0, 255.0));
    }
  }
  return image;
}

std::int64_t count(const GreyImage& mask) { return std::count(mask.pixels.begin(), mask.pixels.end(), 255); }

}  // namespace

TEST_SUITE("reference") {
  TEST_CASE("filters and released mask equal scikit-image and the released code") {
    const auto files = tests::reference_files("vesselness", ".safetensors");
    if (files.empty()) MESSAGE("skipped: no vesselness*.safetensors in " << tests::reference_dir().string());
    for (const auto& file : files) {
      const Bag tensors = train::read_safetensors(file).tensors;
      for (const auto& [name, grey] : tensors) {
        if (!name.ends_with(".grey")) continue;
        const std::string frame = name.substr(0, name.size() - 5);
        CAPTURE(file.string());
        CAPTURE(frame);
        const GreyImage image = grey_of(grey);
        const FloatImage response = sato(image, kSigmas);
        CHECK(largest_difference(response, tensors.at(frame + ".sato")) < 1e-3);
        CHECK(released_mask(response).pixels == grey_of(tensors.at(frame + ".official_mask")).pixels);
        CHECK(largest_difference(frangi(image, {}), tensors.at(frame + ".frangi")) < 1e-4);
      }
    }
  }
}

TEST_SUITE("unit") {
  TEST_CASE("sato's response of a synthetic image") {
    const GreyImage image = two_bands();
    REQUIRE(std::accumulate(image.pixels.begin(), image.pixels.end(), 0) == 1'430'647);
    const FloatImage response = sato(image, kSigmas);
    CHECK(std::accumulate(response.pixels.begin(), response.pixels.end(), 0.0) ==
          doctest::Approx(23350.922).epsilon(1e-5));
    CHECK(response.at(34, 15) == doctest::Approx(33.35023).epsilon(1e-6));
    CHECK(*std::max_element(response.pixels.begin(), response.pixels.end()) == response.at(34, 15));
    CHECK(response.at(48, 48) == doctest::Approx(4.48037).epsilon(1e-5));
    CHECK(response.at(20, 60) == doctest::Approx(13.16150).epsilon(1e-6));
    CHECK(response.at(10, 10) == doctest::Approx(.07231).epsilon(1e-3));
    CHECK(response.at(70, 80) == doctest::Approx(25.39736).epsilon(1e-6));
  }

  TEST_CASE("the released mask of a synthetic image, by border") {
    const FloatImage response = sato(two_bands(), kSigmas);
    CHECK(count(released_mask(response, 3)) == 604);
    CHECK(count(released_mask(response, 3, 92, Grow::all)) == 760);
    CHECK(released_mask(response, 3).at(34, 15) == 255);
    CHECK(count(released_mask(response, 20)) == 758);
    CHECK(released_mask(response, 20).at(37, 38) == 255);
    CHECK(count(released_mask(response, 48)) == 0);  // nothing is left inside the frame
  }

  TEST_CASE("sato truncates to the same integers as double precision does, at every margin") {
    // Noise: responses of all sizes, some of them within a thousandth of an integer. Of this one, single precision
    // alone gets a pixel wrong, as of one in ten.
    GreyImage image(150, 170);
    Philox random(random_key(5, "sato"));
    for (std::uint8_t& pixel : image.pixels) pixel = static_cast<std::uint8_t>(random.below(256));
    FloatImage expected(image.height, image.width);
    for (const double sigma : kSigmas) {
      const tests::TwoPassHessian exact = tests::two_pass_hessian(image, sigma);
      for (std::size_t i = 0; i < expected.pixels.size(); ++i) {
        const double half = (exact.rr.pixels[i] - exact.cc.pixels[i]) / 2, rc = exact.rc.pixels[i];
        const double value = (exact.rr.pixels[i] + exact.cc.pixels[i]) / 2 + std::sqrt(rc * rc + half * half);
        const auto rounded = static_cast<float>(value);  // towards zero
        expected.pixels[i] = std::max(expected.pixels[i], rounded > value ? std::nextafter(rounded, 0.0F) : rounded);
      }
    }
    for (const std::int64_t margin : {0, 3, 20}) {
      CAPTURE(margin);
      const FloatImage response = sato(image, kSigmas, margin);
      double worst = 0;
      std::int64_t other = 0, close = 0;
      for (std::int64_t y = margin; y < image.height - margin; ++y) {
        for (std::int64_t x = margin; x < image.width - margin; ++x) {
          const float ours = response.at(y, x), theirs = expected.at(y, x);
          worst = std::max(worst, std::abs(static_cast<double>(ours) - theirs));
          other += std::trunc(ours) != std::trunc(theirs);
          close += std::abs(theirs - std::round(theirs)) < 1e-4F;
        }
      }
      CHECK(worst < 1e-3);
      CHECK(other == 0);
      CHECK(close > 0);  // else nothing was tested
      CHECK(released_mask(response, std::max<std::int64_t>(margin, 20)).pixels ==
            released_mask(expected, std::max<std::int64_t>(margin, 20)).pixels);
    }
  }

  TEST_CASE("frangi answers to dark tubes alone") {
    const GreyImage image = two_bands();
    GreyImage inverted = image;
    for (std::uint8_t& value : inverted.pixels) value = static_cast<std::uint8_t>(255 - value);
    const float dark = frangi(image, {}).at(34, 15);
    CHECK(dark > 0.8f);
    CHECK(frangi(inverted, {}).at(34, 15) < 0.1f * dark);
    const FloatImage flat = frangi(GreyImage(40, 40, 77), {});
    CHECK(*std::max_element(flat.pixels.begin(), flat.pixels.end()) == 0);
  }

  TEST_CASE("frangi's c is a grey level: larger means fewer answers") {
    FrangiOptions options;
    options.c = 5;
    const float weak = frangi(two_bands(), options).at(20, 60);
    options.c = 50;
    CHECK(frangi(two_bands(), options).at(20, 60) < 0.2f * weak);
  }

  TEST_CASE("component_mask drops small pieces and the border") {
    FloatImage response(40, 40);
    for (int x = 10; x < 30; ++x) response.at(20, x) = 1;         // 20 pixels
    for (int i = 0; i < 5; ++i) response.at(30 + i, 10 + i) = 1;  // 5 pixels, touching at corners only
    for (int x = 0; x < 40; ++x) response.at(1, x) = 1;
    CHECK(count(component_mask(response, 5, 92, 1)) == 25);
    CHECK(count(component_mask(response, 5, 92, 5)) == 25);
    CHECK(count(component_mask(response, 5, 92, 6)) == 20);
    CHECK(count(component_mask(response, 20, 92, 1)) == 0);
  }
}
