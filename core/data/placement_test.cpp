#include "data/placement.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

using namespace vaso;
using namespace vaso::data;

namespace {

// Grey values that tell where a pixel is.
std::vector<std::uint8_t> ramp(std::int64_t height, std::int64_t width) {
  std::vector<std::uint8_t> pixels;
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) pixels.push_back(static_cast<std::uint8_t>(20 + 3 * y + 5 * x));
  }
  return pixels;
}

Placement shifted(double dx, double dy) { return {1, 0, dx, 0, 1, dy}; }

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a placement, its inverse, and one after the other") {
    const Placement turn{0.8, -0.6, 3, 0.6, 0.8, -2}, grow{2, 0, 1, 0, 2, 5};
    const auto [x, y] = then(turn, grow).apply(4, 7);
    CHECK(x == doctest::Approx(2 * (0.8 * 4 - 0.6 * 7 + 3) + 1));
    CHECK(y == doctest::Approx(2 * (0.6 * 4 + 0.8 * 7 - 2) + 5));
    const auto [back_x, back_y] = then(turn, grow).inverse().apply(x, y);
    CHECK(back_x == doctest::Approx(4));
    CHECK(back_y == doctest::Approx(7));
    CHECK(then(turn, grow).scale() == doctest::Approx(2));
  }

  TEST_CASE("an image of the input's size is placed as it is") {
    const auto pixels = ramp(8, 8);
    std::vector<std::uint8_t> out(64);
    place_image({pixels.data(), 8, 8}, fitted(8, 8, 8), 8, out.data());
    CHECK(out == pixels);
    place_nearest({pixels.data(), 8, 8}, fitted(8, 8, 8), 8, out.data());
    CHECK(out == pixels);
  }

  TEST_CASE("shifts move whole pixels, halves interpolate, and what comes in is black") {
    const auto pixels = ramp(4, 4);
    const Plane image{pixels.data(), 4, 4};
    std::vector<std::uint8_t> out(16);
    place_image(image, shifted(1, 2), 4, out.data());
    CHECK(out[2 * 4 + 1] == pixels[0]);
    CHECK(out[3 * 4 + 3] == pixels[1 * 4 + 2]);
    CHECK(out[2 * 4 + 0] == 0);
    place_image(image, shifted(0.5, 0), 4, out.data());
    CHECK(out[1] == (pixels[0] + pixels[1] + 1) / 2);
    place_nearest(image, shifted(1, 2), 4, out.data());
    CHECK(out[2 * 4 + 1] == pixels[0]);
    CHECK(out[1 * 4 + 1] == 0);
  }

  TEST_CASE("a wide image fills the width; below it is padding") {
    const std::vector<std::uint8_t> pixels(100 * 200, 77);
    const Plane image{pixels.data(), 100, 200};
    const Placement place = fitted(100, 200, 50);
    std::vector<std::uint8_t> out(50 * 50);
    place_image(image, place, 50, out.data());
    CHECK(std::count(out.begin(), out.end(), 77) == 25 * 50);
    CHECK(std::all_of(out.begin() + 26 * 50, out.end(), [](std::uint8_t value) { return value == 0; }));
  }

  TEST_CASE("what is drawn: ranges, the mirror, and the same again for the same key") {
    PlacementRange range{0.5, 2.0, 0.1, 20, 0.5};
    int flips = 0;
    double least = 10, most = 0;
    for (std::uint64_t i = 0; i < 400; ++i) {
      Philox random(random_key(1, "test", i)), again(random_key(1, "test", i));
      const Placement place = draw_placement(random, range, 60, 80, 40);
      const Placement same = draw_placement(again, range, 60, 80, 40);
      CHECK(place.x0 == same.x0);
      const double zoom = place.scale() / fitted(60, 80, 40).scale();
      least = std::min(least, zoom);
      most = std::max(most, zoom);
      flips += place.xx * place.yy - place.xy * place.yx < 0;
      const double angle = std::atan2(place.yy, -place.xy) - M_PI / 2;  // the second column is never mirrored
      CHECK(std::abs(angle) <= 20 * M_PI / 180 + 1e-9);
    }
    CHECK(least >= 0.5);
    CHECK(least < 0.55);
    CHECK(most <= 2.0);
    CHECK(most > 1.9);
    CHECK(flips > 150);
    CHECK(flips < 250);
  }

  TEST_CASE("a zoomed image still covers the input, a shrunken one lies within it") {
    for (std::uint64_t i = 0; i < 100; ++i) {
      Philox random(random_key(2, "test", i));
      const Placement large = draw_placement(random, {1.5, 1.5, 0, 0, 0}, 40, 40, 40);
      CHECK(large.apply(0, 0)[0] <= 1e-9);
      CHECK(large.apply(40, 40)[1] >= 40 - 1e-9);
      const Placement small = draw_placement(random, {0.5, 0.5, 0, 0, 0}, 40, 40, 40);
      CHECK(small.apply(0, 0)[0] >= -1e-9);
      CHECK(small.apply(40, 40)[0] <= 40 + 1e-9);
    }
  }

  TEST_CASE("boxes go where their pixels go") {
    const Box box{10, 20, 30, 8, 2, 100, false};
    const auto flipped = place_boxes({box}, {-0.5, 0, 50, 0, 0.5, 0}, 50);
    REQUIRE(flipped.size() == 1);
    CHECK(flipped[0].left == doctest::Approx(50 - 0.5 * 40));
    CHECK(flipped[0].width == doctest::Approx(15));
    CHECK(flipped[0].top == doctest::Approx(10));
    CHECK(flipped[0].height == doctest::Approx(4));
    CHECK(flipped[0].label == 2);
    CHECK(flipped[0].area == doctest::Approx(25));
  }

  TEST_CASE("boxes are cut at the border, and dropped where too little is left") {
    const Box box{0, 0, 20, 20, 0, 400, false};
    const auto half = place_boxes({box}, shifted(-10, 0), 50);
    REQUIRE(half.size() == 1);
    CHECK(half[0].left == 0);
    CHECK(half[0].width == doctest::Approx(10));
    CHECK(place_boxes({box}, shifted(-16, 0), 50).empty());           // a fifth is left
    CHECK(place_boxes({box}, {0.04, 0, 0, 0, 0.04, 0}, 50).empty());  // smaller than a pixel
  }
}
