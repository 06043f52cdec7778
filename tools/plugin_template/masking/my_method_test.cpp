// What the method promises beyond the rules for every component of its kind.
#include "sdk/testing.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

using namespace vaso;

TEST_SUITE("unit") {
  TEST_CASE("masking.my_method: every patch was hidden before one is hidden again") {
    RunShape shape;
    shape.image_size = 32;
    shape.patch_size = 8;  // 16 patches
    shape.samples = 2;
    testing::Step step;
    step.tensors = {{"image", at::zeros({2, 3, 32, 32})}, {"index", at::arange(2, at::kLong)}};
    const auto strategy = testing::make<MaskingStrategy>("masking.my_method", "ratio = 0.25\nstrength = 10", shape);
    at::Tensor hidden = at::zeros({2, 16}, at::kLong);
    for (std::uint64_t round = 0; round < 4; ++round) {
      step.seed = round;
      hidden += strategy->plan(step).state;
    }
    CHECK(hidden.eq(1).all().item<bool>());
  }
}
