#include "vision/hessian.hpp"
#include "vision/row_filters.hpp"
#include "vision/two_pass_hessian.hpp"

#include "data/philox.hpp"

#include <doctest/doctest.h>
#include <algorithm>

using namespace vaso;
using namespace vaso::vision;

namespace {

// Neighbours differ by anything up to the whole range: what a bound on errors must stand.
GreyImage noise(std::int64_t height, std::int64_t width, std::uint64_t number, int levels = 256) {
  GreyImage image(height, width);
  Philox random(random_key(number, "noise"));
  for (std::uint8_t& pixel : image.pixels) {
    pixel = static_cast<std::uint8_t>(random.below(static_cast<std::uint64_t>(levels)) * 255 /
                                      static_cast<std::uint64_t>(levels - 1));
  }
  return image;
}

double larger_eigenvalue(double rr, double rc, double cc) {
  const double half = (rr - cc) / 2;
  return (rr + cc) / 2 + std::sqrt(rc * rc + half * half);
}

std::vector<float> random_floats(std::size_t count, std::uint64_t number) {
  Philox random(random_key(number, "floats"));
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.uniform(-1, 1));
  return values;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return largest;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("the Hessian equals two passes in double precision, within its own bound, up to the border") {
    // Also images that are smaller than the filters, and of two grey levels alone.
    const GreyImage images[] = {noise(90, 131, 1), noise(61, 30, 2), noise(9, 70, 3, 2), noise(5, 4, 4),
                                noise(120, 97, 5, 2)};
    for (const GreyImage& image : images) {
      for (const double sigma : {0.7, 1.0, 2.0, 3.0, 4.0}) {
        CAPTURE(image.height);
        CAPTURE(image.width);
        CAPTURE(sigma);
        const tests::TwoPassHessian expected = tests::two_pass_hessian(image, sigma);
        const auto filters = hessian_filters(image.height, image.width, sigma);
        double worst = 0, worst_inside = 0, worst_trace = 0, worst_exact = 0;
        Plane2d<int> visits(image.height, image.width);
        const PaddedImage padded(image, filters->radius);
        hessian(padded, *filters, 0, [&](const HessianStrip& strip) {
          for (std::int64_t i = 0; i < strip.count; ++i) {
            const std::int64_t y = strip.y, x = strip.x + i;
            const double rr = expected.rr.at(y, x), rc = expected.rc.at(y, x), cc = expected.cc.at(y, x);
            const double off =
                std::abs(larger_eigenvalue(strip.rr[i], strip.rc[i], strip.cc[i]) - larger_eigenvalue(rr, rc, cc));
            const std::int64_t edge = std::min({y, x, image.height - 1 - y, image.width - 1 - x});
            if (edge >= filters->radius) worst_inside = std::max(worst_inside, off);
            worst = std::max(worst, off);
            worst_trace = std::max(worst_trace, std::abs((rr + cc) / 2 - (strip.rr[i] + strip.cc[i]) / 2));
            const SecondDerivatives exact = hessian_at(padded, *filters, y, x);
            worst_exact =
                std::max({worst_exact, std::abs(exact.rr - rr), std::abs(exact.rc - rc), std::abs(exact.cc - cc)});
            ++visits.at(y, x);
          }
        });
        CHECK(worst <= filters->anywhere.eigenvalue);
        CHECK(worst_inside <= filters->inside.eigenvalue);
        CHECK(worst_trace <= filters->anywhere.trace);
        CHECK(worst_exact < 1e-9);
        CHECK(std::count(visits.pixels.begin(), visits.pixels.end(), 1) ==
              static_cast<std::int64_t>(visits.pixels.size()));
        CHECK(filters->anywhere.eigenvalue < 1e-3);
      }
    }
  }

  TEST_CASE("a margin leaves out the frame and changes nothing else") {
    const GreyImage image = noise(120, 230, 7);
    const auto filters = hessian_filters(image.height, image.width, 3);
    const PaddedImage padded(image, filters->radius);
    FloatImage whole(image.height, image.width), part(image.height, image.width, -1e9F);
    const auto into = [](FloatImage& out) {
      return [&out](const HessianStrip& strip) { std::copy_n(strip.rc, strip.count, out.row(strip.y) + strip.x); };
    };
    hessian(padded, *filters, 0, into(whole));
    hessian(padded, *filters, 11, into(part));
    for (std::int64_t y = 0; y < image.height; ++y) {
      for (std::int64_t x = 0; x < image.width; ++x) {
        const bool inside = std::min({y, x, image.height - 1 - y, image.width - 1 - x}) >= 11;
        if (!inside) {
          REQUIRE(part.at(y, x) == -1e9F);
        } else {
          REQUIRE(std::abs(part.at(y, x) - whole.at(y, x)) < 1e-4F);  // rows pair up otherwise: other roundings
        }
      }
    }
  }

  TEST_CASE("the Hessian of a parabola is its curvature") {
    GreyImage image(51, 60);
    for (std::int64_t y = 0; y < 51; ++y) {
      for (std::int64_t x = 0; x < 60; ++x) {
        const std::int64_t r = y - 25, c = x - 30;
        image.at(y, x) =
            static_cast<std::uint8_t>(std::clamp<std::int64_t>((2 * r * r + r * c - c * c) / 2 + 120, 0, 255));
      }
    }
    const auto filters = hessian_filters(51, 60, 1.5);
    const SecondDerivatives at = hessian_at(PaddedImage(image, 0), *filters, 25, 30);
    CHECK(at.rr / 2.25 == doctest::Approx(2).epsilon(0.02));
    CHECK(at.rc / 2.25 == doctest::Approx(0.5).epsilon(0.02));
    CHECK(at.cc / 2.25 == doctest::Approx(-1).epsilon(0.02));
  }

  TEST_CASE("cutting the taps that are zero in float64 changes no response") {
    CHECK(gaussian_kernel(1 / std::sqrt(2.0), 100, 0).smooth.size() == 72);
    const GaussianKernel cut = gaussian_kernel(1 / std::sqrt(2.0), 100);
    CHECK(cut.smooth.size() <= 8);
    const GaussianKernel whole = gaussian_kernel(1 / std::sqrt(2.0), 100, 0);
    double lost = 0;
    for (std::size_t j = cut.smooth.size(); j < whole.smooth.size(); ++j)
      lost += 2 * (whole.smooth[j] + whole.slope[j]);
    CHECK(lost * 255 < 1e-13);  // grey levels: below the rounding error of one addition
    CHECK(cut.smooth ==
          std::vector<double>(whole.smooth.begin(), whole.smooth.begin() + static_cast<long>(cut.smooth.size())));
  }

  TEST_CASE("filters are made once for a size and scale") {
    CHECK(hessian_filters(70, 80, 2) == hessian_filters(70, 80, 2));
    CHECK(hessian_filters(70, 80, 2) != hessian_filters(80, 70, 2));
  }

  TEST_CASE("padding that is too narrow is refused") {
    const GreyImage image = noise(40, 40, 1);
    CHECK_THROWS_AS(hessian(PaddedImage(image, 3), *hessian_filters(40, 40, 2), 0, [](const HessianStrip&) {}),
                    std::invalid_argument);
  }

  TEST_CASE("vector instructions give what plain ones give, but for the last bits") {
    constexpr std::int64_t radius = 13, count = 4 * kStep, rows = 2 * radius + 2;
    const std::vector<float> plane = random_floats(static_cast<std::size_t>(rows * count), 1),
                             kernels = random_floats(3 * (radius + 1), 2);
    std::vector<float> grey(static_cast<std::size_t>(count + 2 * radius));
    for (std::size_t i = 0; i < grey.size(); ++i) grey[i] = std::round(120 * plane[i]);  // pixels are integers
    const HalfKernels three{radius, kernels.data(), kernels.data() + radius + 1, kernels.data() + 2 * (radius + 1)};
    const auto size = static_cast<std::size_t>(count);
    std::vector<float> a(size), b(size), c(size), d(size), e(size), f(size);
    filter_along(grey.data() + radius, three, count, {a.data(), b.data(), c.data()});
    plain::filter_along(grey.data() + radius, three, count, {d.data(), e.data(), f.data()});
    CHECK(largest_difference(a, d) < 1e-3);  // sums of thousands
    CHECK(largest_difference(b, e) < 1e-3);
    CHECK(largest_difference(c, f) < 1e-3);
    const float* middle = plane.data() + radius * count;
    filter_across_even(middle, count, kernels.data(), radius, count, a.data(), b.data());
    plain::filter_across_even(middle, count, kernels.data(), radius, count, d.data(), e.data());
    CHECK(largest_difference(a, d) < 1e-5);
    CHECK(largest_difference(b, e) < 1e-5);
    filter_across_odd(middle, count, kernels.data(), radius, count, a.data(), b.data());
    plain::filter_across_odd(middle, count, kernels.data(), radius, count, d.data(), e.data());
    CHECK(largest_difference(a, d) < 1e-5);
    CHECK(largest_difference(b, e) < 1e-5);
    double direct = 0;  // and both what they should
    for (std::int64_t j = 1; j <= radius; ++j)
      direct += static_cast<double>(kernels[static_cast<std::size_t>(j)]) *
                (middle[(j + 1) * count] - middle[(1 - j) * count]);
    CHECK(b[0] == doctest::Approx(direct).epsilon(1e-4));
    weighted_sum(kernels.data() + radius, -1, plane.data(), count, radius, count, a.data());
    plain::weighted_sum(kernels.data() + radius, -1, plane.data(), count, radius, count, d.data());
    CHECK(largest_difference(a, d) < 1e-5);
    std::vector<double> weights(3 * rows), sums(6 * size);
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<double>(plane[i]);
    const ThreeWeights by{weights.data(), weights.data() + rows, weights.data() + 2 * rows};
    double* to = sums.data();
    weighted_sums(by, plane.data(), count, rows, count, {to, to + count, to + 2 * count});
    plain::weighted_sums(by, plane.data(), count, rows, count, {to + 3 * count, to + 4 * count, to + 5 * count});
    for (std::size_t i = 0; i < 3 * size; ++i) CHECK(std::abs(sums[i] - sums[3 * size + i]) < 1e-12);
  }
}
