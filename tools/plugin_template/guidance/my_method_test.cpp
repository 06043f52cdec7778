// What the source promises beyond the rules for every component of its kind.
#include "sdk/guidance.hpp"
#include "sdk/testing.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

using namespace vaso;

TEST_SUITE("unit") {
  TEST_CASE("guidance.my_method: a dark line stands out, an even field and a bright line do not") {
    const auto source = testing::make<GuidanceSource>("guidance.my_method", "window = 9");
    Record record;
    record.image = at::full({40, 60}, 150, at::kByte);
    CHECK(source->map(record).max().item<int>() == 0);
    record.image.narrow(0, 20, 2).fill_(90);
    const at::Tensor map = source->map(record);
    CHECK(map.narrow(0, 20, 2).min().item<int>() == 255);
    record.image.narrow(0, 20, 2).fill_(210);
    CHECK(source->map(record).narrow(0, 20, 2).max().item<int>() == 0);
  }

  TEST_CASE("guidance.my_method: a window without a middle is refused") {
    CHECK_THROWS_AS(testing::make<GuidanceSource>("guidance.my_method", "window = 8"), ParameterError);
  }
}
