// What the loss promises beyond the rules for every component of its kind.
#include "sdk/loss.hpp"
#include "sdk/testing.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

using namespace vaso;

TEST_SUITE("unit") {
  TEST_CASE(
      "loss.my_method: nothing for the true image, more the farther from it, whatever stands on visible patches") {
    RunShape shape;
    shape.image_size = 16;
    shape.patch_size = 8;
    testing::Step step;
    const at::Tensor image = at::arange(3 * 16 * 16, at::kFloat).view({1, 3, 16, 16}).sin();
    step.tensors["image"] = image;
    step.made.state = at::tensor({1, 1, 0, 0}, at::kChar).view({1, 4});
    const at::Tensor patches = patchify(image, 8);
    const PatchStatistics statistics = patch_statistics(patches);
    const at::Tensor truth = (patches - statistics.mean) / statistics.deviation;

    const auto loss = testing::make<LossTerm>("loss.my_method", "", shape);
    const auto value = [&](const at::Tensor& prediction) {
      step.results["prediction"] = prediction;
      return loss->value(step).item<double>();
    };
    at::Tensor visible_wrong = truth.clone();
    visible_wrong[0][3].fill_(7);
    CHECK(value(truth) < 1e-10);
    CHECK(value(visible_wrong) < 1e-10);
    CHECK(value(truth + 0.1) > 1e-6);
    CHECK(value(truth + 0.2) > value(truth + 0.1));
  }
}
