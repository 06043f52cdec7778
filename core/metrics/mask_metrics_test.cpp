#include "metrics/bit_mask.hpp"
#include "metrics/cl_dice.hpp"
#include "metrics/distance_transform.hpp"
#include "metrics/overlap.hpp"
#include "metrics/skeleton.hpp"
#include "metrics/surface.hpp"
#include "metrics/test_support.hpp"

#include "vision/image_io.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

using namespace vaso;
using namespace vaso::metrics;
using vision::GreyImage;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
using Digest = std::pair<std::int64_t, std::int64_t>;

GreyImage square(std::int64_t top, std::int64_t left, std::int64_t side) {
  GreyImage mask(32, 40);
  for (std::int64_t y = top; y < top + side; ++y) std::fill_n(mask.row(y) + left, side, std::uint8_t{1});
  return mask;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a mask in words: every width there and back, and nothing beyond its edge") {
    for (const std::int64_t width : {1, 7, 8, 63, 64, 65, 130}) {
      CAPTURE(width);
      GreyImage mask(3, width), other(3, width);
      std::int64_t inside = 0, in_both = 0;
      for (std::int64_t i = 0; i < 3 * width; ++i) {
        mask.pixels[static_cast<std::size_t>(i)] = i * 7 % 5 < 2 ? static_cast<std::uint8_t>(1 + i * 37 % 255) : 0;
        other.pixels[static_cast<std::size_t>(i)] = i % 3 == 0;
        inside += i * 7 % 5 < 2;
        in_both += i * 7 % 5 < 2 && i % 3 == 0;
      }
      const BitMask bits(mask);
      CHECK(pixels_inside(bits) == inside);
      CHECK(pixels_inside(bits, BitMask(other)) == in_both);
      CHECK(std::ranges::equal(bits.image().pixels, mask.pixels,
                               [](std::uint8_t bit, std::uint8_t value) { return bit == (value != 0 ? 255 : 0); }));
      const GreyImage full(3, width, 255);
      CHECK(pixels_inside(BitMask(full)) == 3 * width);
    }
    CHECK_THROWS_AS(pixels_inside(BitMask(GreyImage(3, 64)), BitMask(GreyImage(3, 65))), std::invalid_argument);
  }

  TEST_CASE("overlap and what is made of it") {
    const Overlap counts = overlap(square(4, 4, 10), square(9, 4, 10));
    CHECK(counts.both == 50);
    CHECK(counts.truth == 100);
    CHECK(counts.prediction == 100);
    CHECK(counts.pixels == 32 * 40);
    CHECK(dice(counts, 1) == .5);
    CHECK(iou(counts, 1) == doctest::Approx(1.0 / 3));
    const Overlap inside = overlap(square(4, 4, 10), square(4, 4, 5));
    CHECK(precision(inside, 1) == 1);
    CHECK(recall(inside, 1) == .25);
    const Overlap sum = counts + inside;
    CHECK(sum.both == 75);
    CHECK(sum.pixels == 2 * 32 * 40);

    const GreyImage empty(32, 40);
    const Overlap nothing = overlap(empty, empty), missed = overlap(square(4, 4, 10), empty),
                  invented = overlap(empty, square(4, 4, 10));
    for (const auto ratio : {dice, iou, precision, recall}) {
      CHECK(ratio(nothing, 1) == 1);
      CHECK(ratio(nothing, 0) == 0);
      CHECK(std::isnan(ratio(nothing, kNan)));
      CHECK(ratio(missed, 1) == 0);
      CHECK(ratio(invented, 1) == 0);
    }
    CHECK_THROWS_AS(overlap(GreyImage(4, 5), GreyImage(5, 4)), std::invalid_argument);
  }

  // Expected values: skimage.morphology.skeletonize of scikit-image 0.19.3.
  TEST_CASE("skeletons of random masks are scikit-image's") {
    Draw draw;
    const std::pair<std::int64_t, Digest> noisy[] = {{10, {376, 775001}},   {30, {1013, 2118164}},
                                                     {50, {1602, 3310971}}, {70, {2202, 4624110}},
                                                     {90, {1740, 3466559}}, {97, {835, 1683976}}};
    for (const auto& [percent, expected] : noisy) {
      CAPTURE(percent);
      CHECK(digest(skeleton(noise(draw, 60, 70, percent))) == expected);
    }
    for (const Digest& expected : {Digest{76, 342293}, {70, 236932}, {92, 387300}, {59, 139762}}) {
      CHECK(digest(skeleton(discs(draw, 80, 90, 12, 14))) == expected);
    }
    CHECK(digest(skeleton(GreyImage(20, 31, 255))) == Digest{14, 4171});
    CHECK(digest(skeleton(GreyImage(2, 2, 255))) == Digest{2, 1});
    CHECK(digest(skeleton(GreyImage(9, 9))) == Digest{0, 0});
    CHECK(digest(skeleton(GreyImage(0, 0))) == Digest{0, 0});
  }

  TEST_CASE("a skeleton moves with its mask: it knows nothing of where words begin") {
    Draw draw;
    const auto moved = [](const GreyImage& mask, std::int64_t by) {
      GreyImage to(mask.height, mask.width + 64);
      for (std::int64_t y = 0; y < mask.height; ++y) std::copy_n(mask.row(y), mask.width, to.row(y) + by);
      return to;
    };
    for (int i = 0; i < 100; ++i) {
      CAPTURE(i);
      const GreyImage mask = i % 2 == 0 ? discs(draw, 80, 190, 20, 14) : noise(draw, 60, 170, 80);
      const GreyImage line = skeleton(mask);
      for (const std::int64_t by : {1, 23, 64}) CHECK(skeleton(moved(mask, by)).pixels == moved(line, by).pixels);
    }
  }

  TEST_CASE("clDice of lines") {
    GreyImage line(32, 40), half(32, 40), thick(32, 40);
    std::fill_n(line.row(10) + 4, 20, std::uint8_t{255});
    std::fill_n(half.row(10) + 4, 10, std::uint8_t{255});
    for (std::int64_t y = 9; y < 12; ++y) std::fill_n(thick.row(y) + 4, 20, std::uint8_t{255});
    CHECK(cl_dice(skeleton_overlap(line, line), kNan) == 1);
    // All of the found half lies on the line, half of the line is found: 2 · 1 · ½ / 1½.
    CHECK(cl_dice(skeleton_overlap(line, half), kNan) == doctest::Approx(2.0 / 3));
    CHECK(skeleton_overlap(line, thick).truth == 20);
    CHECK(skeleton_overlap(line, thick).truth_in_prediction == 20);
    const GreyImage empty(32, 40);
    CHECK(cl_dice(skeleton_overlap(empty, empty), 1) == 1);
    CHECK(std::isnan(cl_dice(skeleton_overlap(empty, empty), kNan)));
    CHECK(cl_dice(skeleton_overlap(line, empty), 1) == 0);
    CHECK(cl_dice(skeleton_overlap(empty, line), 1) == 0);
  }

  // Expected values: scipy.ndimage 1.10.1, distance_transform_edt and binary_erosion, numpy's percentile.
  TEST_CASE("distances between outlines are scipy's") {
    Draw draw;
    // The generator's place behind the masks of the skeletons above.
    for (const std::int64_t percent : {10, 30, 50, 70, 90, 97}) noise(draw, 60, 70, percent);
    for (int i = 0; i < 4; ++i) discs(draw, 80, 90, 12, 14);
    const std::pair<double, double> expected[] = {{19.92861590291271, 6.111034917678855},
                                                  {25.143090011054944, 10.79219599100698},
                                                  {33.226186187130835, 8.235579940905295},
                                                  {41.147322120643324, 21.54926495381241}};
    for (const auto& [hd95, assd] : expected) {
      const GreyImage truth = discs(draw, 64, 72, 5, 12), prediction = discs(draw, 64, 72, 6, 10);
      const SurfaceDistances distances = surface_distances(truth, prediction);
      CHECK(distances.hd95 == doctest::Approx(hd95).epsilon(1e-12));
      CHECK(distances.assd == doctest::Approx(assd).epsilon(1e-12));
    }
    const GreyImage truth = noise(draw, 50, 40, 3), prediction = noise(draw, 50, 40, 4);
    CHECK(surface_distances(truth, prediction).hd95 == doctest::Approx(7.1270817074904755).epsilon(1e-12));
    CHECK(surface_distances(truth, prediction).assd == doctest::Approx(3.0133745788863866).epsilon(1e-12));

    const auto squares = squared_distances(noise(draw, 70, 45, 1));
    std::int64_t sum = 0;
    for (const std::int64_t square : squares.pixels) sum += square;
    CHECK(sum == 189072);
    CHECK(*std::max_element(squares.pixels.begin(), squares.pixels.end()) == 386);
    CHECK_THROWS_AS(squared_distances(GreyImage(4, 4)), std::invalid_argument);
  }

  TEST_CASE("distances of squares, and to nothing") {
    CHECK(surface_distances(square(4, 4, 10), square(4, 4, 10)).hd95 == 0);
    CHECK(surface_distances(square(4, 4, 10), square(4, 4, 10)).assd == 0);
    GreyImage point(32, 40), other(32, 40);
    point.at(3, 4) = other.at(0, 0) = 1;
    CHECK(surface_distances(point, other).hd95 == 5);
    CHECK(surface_distances(point, other).assd == 5);
    CHECK(std::isnan(surface_distances(point, GreyImage(32, 40)).hd95));
    CHECK(std::isnan(surface_distances(GreyImage(32, 40), point).assd));
  }
}

TEST_SUITE("reference") {
  TEST_CASE("skeletons, Dice and clDice of real vessel masks") {
    int compared = 0;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(tests::reference_dir(), none)) {
      if (!entry.path().filename().string().starts_with("mask_metrics")) continue;
      std::ifstream stream(entry.path() / "expected.json");
      for (const auto& expected : nlohmann::json::parse(stream)) {
        const std::string number = std::to_string(expected.at("case").get<int>());
        CAPTURE(entry.path().string());
        CAPTURE(number);
        const auto read = [&](const char* what) { return vision::read_grey(entry.path() / (number + what)); };
        const GreyImage truth = read("_truth.png"), prediction = read("_prediction.png");
        const GreyImage line = skeleton(prediction), expected_line = read("_prediction_skeleton.png");
        CHECK(digest(line).first == expected.at("skeleton_pixels").get<std::int64_t>());
        CHECK(std::equal(line.pixels.begin(), line.pixels.end(), expected_line.pixels.begin(),
                         expected_line.pixels.end(),
                         [](std::uint8_t ours, std::uint8_t theirs) { return (ours != 0) == (theirs != 0); }));
        CHECK(dice(overlap(truth, prediction), 1) == doctest::Approx(expected.at("dice").get<double>()).epsilon(1e-12));
        CHECK(cl_dice(skeleton_overlap(truth, prediction), 1) ==
              doctest::Approx(expected.at("cldice").get<double>()).epsilon(1e-12));
        ++compared;
      }
    }
    if (compared == 0) MESSAGE("skipped: no mask_metrics in " << tests::reference_dir().string());
  }
}
