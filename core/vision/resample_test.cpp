#include "vision/resample.hpp"

#include <doctest/doctest.h>
#include <array>
#include <vector>

using namespace vaso::vision;

namespace {

// Expected values below: Pillow 9.4 on this image.
std::array<std::uint8_t, 120> pattern() {
  std::array<std::uint8_t, 120> image{};
  for (int r = 0; r < 10; ++r) {
    for (int c = 0; c < 12; ++c)
      image[static_cast<std::size_t>(12 * r + c)] = static_cast<std::uint8_t>(7 * r * r + 13 * c + 5 * r * c);
  }
  return image;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("bicubic equals Pillow where it shrinks") {
    const auto image = pattern();
    std::vector<std::uint8_t> out(20);
    resize_bicubic({image.data(), 12, 10, 12}, 4, 5, out.data());
    CHECK(out == std::vector<std::uint8_t>{18,  61,  109, 146, 138, 106, 153, 138, 111, 113,
                                           160, 131, 142, 124, 115, 142, 130, 147, 111, 114});
  }

  TEST_CASE("bicubic equals Pillow on a window that it enlarges") {
    const auto image = pattern();
    std::vector<std::uint8_t> out(72);
    resize_bicubic({image.data() + 12 + 2, 12, 7, 7}, 8, 9, out.data());
    const std::vector<std::uint8_t> expected{41,  53,  68,  82,  96,  110, 123, 138, 150, 66,  80,  98,  115, 132, 148,
                                             176, 201, 215, 103, 119, 140, 165, 202, 236, 126, 48,  77,  148, 181, 223,
                                             208, 95,  124, 73,  40,  67,  223, 160, 152, 149, 40,  63,  112, 158, 179,
                                             210, 91,  47,  102, 148, 183, 165, 159, 190, 85,  127, 151, 159, 196, 240,
                                             132, 52,  97,  184, 233, 142, 11,  67,  104, 146, 190, 221};
    CHECK(out == expected);
  }

  TEST_CASE("nearest equals Pillow") {
    const auto image = pattern();
    std::vector<std::uint8_t> out(20);
    resize_nearest({image.data() + 12 + 2, 12, 7, 7}, 4, 5, out.data());
    CHECK(out == std::vector<std::uint8_t>{43,  79, 97,  115, 151, 119, 175, 203, 231, 31,
                                           251, 71, 109, 147, 223, 183, 23,  71,  119, 215});
  }

  TEST_CASE("the same size changes nothing") {
    const auto image = pattern();
    std::array<std::uint8_t, 120> out{};
    resize_bicubic({image.data(), 12, 10, 12}, 10, 12, out.data());
    CHECK(out == image);
  }
}
