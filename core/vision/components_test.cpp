#include "vision/components.hpp"
#include "vision/percentile.hpp"

#include "data/philox.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

using namespace vaso;
using namespace vaso::vision;

namespace {

GreyImage random_mask(std::int64_t height, std::int64_t width, double share, std::uint64_t number) {
  GreyImage mask(height, width);
  Philox random(random_key(number, "mask"));
  for (std::uint8_t& value : mask.pixels) value = random.uniform() < share ? 255 : 0;
  return mask;
}

struct Labels {
  cv::Mat labels, statistics, centres;
  explicit Labels(GreyImage mask, Neighbours neighbours) {
    const cv::Mat view(static_cast<int>(mask.height), static_cast<int>(mask.width), CV_8UC1, mask.pixels.data());
    cv::connectedComponentsWithStats(view, labels, statistics, centres, neighbours == Neighbours::four ? 4 : 8);
  }
  std::int32_t of(std::size_t i) const { return labels.ptr<std::int32_t>()[i]; }
  int area(std::size_t i) const { return statistics.at<int>(of(i), cv::CC_STAT_AREA); }
};

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("components equal OpenCV's") {
    for (const Neighbours neighbours : {Neighbours::four, Neighbours::eight}) {
      for (const double share : {0.0, 0.1, 0.4, 0.6, 0.95, 1.0}) {
        CAPTURE(share);
        const GreyImage mask = random_mask(37, 53, share, static_cast<std::uint64_t>(100 * share));
        const Labels labels(mask, neighbours);
        GreyImage large = mask;
        erase_small_components(large, 5, neighbours);
        for (const std::size_t seed : {std::size_t{0}, std::size_t{700}, mask.pixels.size() - 1}) {
          GreyImage one = mask;
          keep_component(one, seed, neighbours);
          for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
            const bool set = mask.pixels[i] != 0;
            REQUIRE((one.pixels[i] != 0) == (set && mask.pixels[seed] != 0 && labels.of(i) == labels.of(seed)));
            REQUIRE((large.pixels[i] != 0) == (set && labels.area(i) >= 5));
          }
        }
      }
    }
  }

  TEST_CASE("percentile interpolates as numpy does") {
    CHECK(percentile(std::vector<float>{4, 1, 3, 2}, 50) == doctest::Approx(2.5));
    CHECK(percentile(std::vector<float>{4, 1, 3, 2}, 92) == doctest::Approx(3.76));
    CHECK(percentile(std::vector<float>{7}, 92) == 7);
    CHECK(percentile(std::vector<float>{1, 2}, 100) == 2);
    CHECK(percentile(std::vector<float>{-3, 0, -2, 5}, 0) == -3);
  }

  TEST_CASE("percentile equals that of sorted values") {
    Philox random(random_key(1, "percentile"));
    std::vector<float> values;
    for (int i = 0; i < 5000; ++i) {
      // Many zeros, as in a response, and numbers of both signs and several magnitudes.
      values.push_back(i % 3 == 0 ? 0.0F : static_cast<float>(std::exp(random.uniform(-9, 3)) * (i % 5 == 0 ? -1 : 1)));
    }
    std::vector<float> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    for (const double percent : {0.0, 1.0, 13.0, 40.0, 50.0, 66.7, 92.0, 99.9, 100.0}) {
      const double position = percent / 100 * static_cast<double>(values.size() - 1);
      const auto below = static_cast<std::size_t>(position);
      const double low = sorted[below], high = sorted[std::min(below + 1, sorted.size() - 1)];
      CHECK(percentile(values, percent) == doctest::Approx(low + (high - low) * (position - std::floor(position))));
    }
  }

  TEST_CASE("percentile of bytes by their histogram") {
    const Histogram histogram = histogram_of({4, 1, 3, 2});
    CHECK(percentile(histogram, 92) == doctest::Approx(3.76));
    CHECK(percentile(histogram, 100) == 4);
  }

  TEST_CASE("a histogram counts every byte once, whatever the length and wherever zeros run") {
    Philox random(random_key(2, "histogram"));
    for (std::size_t length = 0; length < 60; ++length) {
      std::vector<std::uint8_t> values(length);
      Histogram expected{};
      for (std::size_t i = 0; i < length; ++i) {
        if (i < length / 3 || i > length / 2) values[i] = static_cast<std::uint8_t>(random.below(256));
        ++expected[values[i]];
      }
      CHECK(histogram_of(values) == expected);
    }
  }
}
