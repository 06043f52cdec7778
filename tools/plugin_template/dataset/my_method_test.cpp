// What the data set promises beyond the rules for every component of its kind.
#include "sdk/dataset.hpp"
#include "sdk/testing.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

using namespace vaso;

TEST_SUITE("unit") {
  TEST_CASE("dataset.my_method: the mask lies on what is dark; another seed gives other images") {
    const auto rods = testing::make<Dataset>("dataset.my_method", "count = 8"),
               others = testing::make<Dataset>("dataset.my_method", "count = 8\nseed = 1");
    REQUIRE(rods->size() == 8);
    for (std::int64_t index = 0; index < rods->size(); ++index) {
      const Record record = rods->record(index);
      const at::Tensor inside = record.labels.eq(1), image = record.image.to(at::kFloat);
      REQUIRE(inside.any().item<bool>());
      CHECK(image.masked_select(inside).mean().item<double>() == doctest::Approx(100).epsilon(0.02));
      CHECK(image.masked_select(inside.logical_not()).mean().item<double>() == doctest::Approx(180).epsilon(0.02));
      CHECK(!record.image.equal(others->record(index).image));
    }
  }
}
