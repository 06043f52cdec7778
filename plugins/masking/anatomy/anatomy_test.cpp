#include "sdk/testing.hpp"
#include "support/plugins.hpp"

#include <doctest/doctest.h>

using namespace vaso;

namespace {

vaso::testing::Step step_with_vessels(std::int64_t batch) {
  vaso::testing::Step step;
  step.tensors["image"] = at::zeros({batch, 3, 224, 224});
  step.guide = at::zeros({batch, 1, 224, 224});
  step.guide.slice(2, 0, 112).fill_(1.0);  // the upper half: patches 0 to 97
  return step;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("the guided count follows the released ramp: 0, 1, 12, 24, 49 of 98") {
    const auto strategy = tests::make_plugin<MaskingStrategy>("masking.anatomy", "", RunShape{});
    vaso::testing::Step step = step_with_vessels(4);
    step.where.epochs = 800;
    const std::pair<std::int64_t, std::int64_t> expected[] = {{15, 0}, {16, 1}, {199, 12}, {399, 24}, {799, 49}};
    for (const auto& [epoch, count] : expected) {
      step.where.epoch = epoch;
      const MaskPlan plan = strategy->plan(step);
      CHECK(plan.guided.eq(count).all().item<bool>());
      CHECK((plan.state == MaskPlan::mask).sum(1).eq(98).all().item<bool>());
    }
    CHECK(step.logged.at("beta") == doctest::Approx(0.5));
  }

  TEST_CASE("the paper's ramp starts at zero") {
    const auto strategy = tests::make_plugin<MaskingStrategy>("masking.anatomy", "ramp = \"paper\"", RunShape{});
    vaso::testing::Step step = step_with_vessels(1);
    step.where = {399, 800, 0, 1};
    strategy->plan(step);
    CHECK(step.logged.at("beta") == doctest::Approx(0.5 * 399 / 800));
  }

  TEST_CASE("guidance draws the mask to vessels") {
    const auto strategy = tests::make_plugin<MaskingStrategy>("masking.anatomy", "", RunShape{});
    vaso::testing::Step step = step_with_vessels(64);
    step.where = {799, 800, 0, 1};
    const at::Tensor masked = (strategy->plan(step).state == MaskPlan::mask).to(at::kFloat);
    // 49 guided patches in the upper half, 49 more evenly among the 49 + 98 others: 49 + 16.3 of 98 above.
    const double above = masked.slice(1, 0, 98).sum(1).mean().item<double>();
    CHECK(above == doctest::Approx(49 + 49.0 * 49 / 147).epsilon(0.03));
  }

  TEST_CASE("an image without guidance is masked evenly; one with few patches gets those") {
    const auto strategy = tests::make_plugin<MaskingStrategy>("masking.anatomy", "", RunShape{});
    vaso::testing::Step step = step_with_vessels(2);
    step.where = {799, 800, 0, 1};
    step.guide.zero_();
    step.guide[1][0][20][20] = 1.0;  // patch 15
    const MaskPlan plan = strategy->plan(step);
    CHECK(plan.guided[0].item<std::int64_t>() == 0);
    CHECK(plan.guided[1].item<std::int64_t>() == 1);
    CHECK(plan.state[1][15].item<int>() == MaskPlan::mask);
    CHECK((plan.state == MaskPlan::mask).sum(1).eq(98).all().item<bool>());
  }
}
