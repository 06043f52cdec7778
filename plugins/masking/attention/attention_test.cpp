#include "sdk/testing.hpp"
#include "support/plugins.hpp"

#include <doctest/doctest.h>

using namespace vaso;

namespace {

RunShape shape_of(std::int64_t samples) {
  RunShape shape;
  shape.samples = samples;
  return shape;
}

// The stored maps of two samples: sample 0 looks at the upper left quarter only, sample 1 everywhere alike.
Bag attention_of_two() {
  at::Tensor maps = at::zeros({2, 14, 14});
  maps[0].slice(0, 0, 7).slice(1, 0, 7).fill_(1.0);
  maps[1].fill_(0.5);
  return {{"attention", maps}};
}

vaso::testing::Step step_over(const std::vector<float>& crop, std::int64_t sample) {
  vaso::testing::Step step;
  step.tensors["image"] = at::zeros({1, 3, 224, 224});
  step.tensors["index"] = at::tensor(std::vector<std::int64_t>{sample});
  step.tensors["crop"] = at::tensor(crop).reshape({1, 5});
  return step;
}

// An encoder whose class token looks at one patch: the patch whose number is in the image's first pixel.
class Pointing final : public Encoder {
 public:
  EncodeResult encode(const EncodeRequest& request) override {
    const std::int64_t batch = request.image.size(0);
    EncodeResult result;
    result.tokens = at::zeros({batch, 197, 8});
    result.attention = at::full({batch, 2, 197, 197}, 1e-3);
    for (std::int64_t i = 0; i < batch; ++i) {
      const auto patch = static_cast<std::int64_t>(request.image[i][0][0][0].item<float>());
      for (std::int64_t head = 0; head < 2; ++head) result.attention[i][head][0][1 + patch] = 0.9;
    }
    return result;
  }
};

class SweepOfTwo final : public Sweep {
 public:
  SweepOfTwo() { networks_.encoder = &encoder_; }
  const Progress& progress() const override { return progress_; }
  Networks& student() override { return networks_; }
  void for_each_batch(const std::function<void(const Bag&)>& visit) override {
    for (const std::int64_t sample : {1, 0}) {  // order is unspecified
      visit({{"image", at::full({1, 3, 224, 224}, static_cast<double>(10 + sample))},
             {"index", at::tensor(std::vector<std::int64_t>{sample})}});
    }
  }

 private:
  Pointing encoder_;
  Networks networks_;
  Progress progress_;
};

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("before the first sweep masking is even at warmup_ratio, after it 88 masked, 78 thrown, 30 kept") {
    const auto strategy = tests::make_plugin<MaskingStrategy>("masking.attention", "", shape_of(2));
    vaso::testing::Step step = step_over({0, 0, 1, 1, 0}, 0);
    CHECK((strategy->plan(step).state == MaskPlan::mask).sum().item<int>() == 147);
    strategy->set_state(attention_of_two());
    const at::Tensor state = strategy->plan(step).state;
    CHECK((state == MaskPlan::mask).sum().item<int>() == 88);
    CHECK((state == MaskPlan::drop).sum().item<int>() == 78);
    CHECK((state == MaskPlan::keep).sum().item<int>() == 30);
  }

  TEST_CASE("attended patches are masked first, and the map is cropped and flipped with the image") {
    const auto strategy =
        tests::make_plugin<MaskingStrategy>("masking.attention", "ratio = 0.2\nthrow_ratio = 0.0", shape_of(2));
    strategy->set_state(attention_of_two());
    const auto masked_in = [&](const std::vector<float>& crop, std::int64_t rows_from, std::int64_t columns_from) {
      vaso::testing::Step step = step_over(crop, 0);
      const at::Tensor masked = (strategy->plan(step).state == MaskPlan::mask).reshape({14, 14});
      return masked.slice(0, rows_from, rows_from + 7).slice(1, columns_from, columns_from + 7).sum().item<int>();
    };
    // 39 of 196 patches masked; the attended quarter has 49 (its border bleeds by interpolation).
    CHECK(masked_in({0, 0, 1, 1, 0}, 0, 0) >= 30);
    CHECK(masked_in({0, 0, 1, 1, 1}, 0, 7) >= 30);  // flipped: the quarter is on the right
    CHECK(masked_in({0.25F, 0.25F, 0.5F, 0.5F, 0}, 0, 0) >=
          30);                                            // its lower right corner, enlarged, is the upper left again
    CHECK(masked_in({0, 0, 0.5F, 0.5F, 0}, 7, 7) <= 20);  // all attended: no quarter is preferred
  }

  TEST_CASE("crop_bug: of a map only the top left cells count, two or, at the image's edge, three") {
    const auto strategy = tests::make_plugin<MaskingStrategy>(
        "masking.attention", "ratio = 0.2\nthrow_ratio = 0.0\ncrop_bug = true", shape_of(2));
    at::Tensor maps = at::zeros({2, 14, 14});
    maps[0][0][1] = 1.0;                // sample 0: the second cell of the first row
    maps[1].slice(0, 2, 3).fill_(1.0);  // sample 1: the third row
    strategy->set_state({{"attention", maps}});
    const auto masked_in = [&](std::int64_t sample, const std::vector<float>& crop, std::int64_t rows,
                               std::int64_t columns) {
      vaso::testing::Step step = step_over(crop, sample);
      const at::Tensor masked = (strategy->plan(step).state == MaskPlan::mask).reshape({14, 14});
      return masked.slice(0, rows, rows + 7).slice(1, columns, columns + 7).sum().item<int>();
    };
    // 39 of 196 patches are masked. Of two by two cells the second is the upper right quarter, wherever the crop is.
    CHECK(masked_in(0, {0.4F, 0.4F, 0.5F, 0.5F, 0}, 0, 7) >= 20);
    CHECK(masked_in(0, {0, 0, 0.5F, 0.5F, 0}, 0, 7) >= 20);
    CHECK(masked_in(0, {0.4F, 0.4F, 0.5F, 0.5F, 1}, 0, 0) >= 20);  // flipped
    // The third row is seen only where the crop ends at the lower edge.
    const auto lower = [&](const std::vector<float>& crop) {
      return masked_in(1, crop, 7, 0) + masked_in(1, crop, 7, 7);
    };
    CHECK(lower({0.5F, 0.1F, 0.5F, 0.5F, 0}) == 39);
    CHECK(lower({0.1F, 0.1F, 0.5F, 0.5F, 0}) <= 30);
  }

  TEST_CASE("a sweep stores each sample's own map, and the state round-trips") {
    const auto strategy = tests::make_plugin<MaskingStrategy>("masking.attention", "", shape_of(2));
    SweepOfTwo sweep;
    strategy->epoch_end(sweep);
    const at::Tensor maps = strategy->state().at("attention");
    CHECK(maps[0].flatten().argmax().item<int>() == 10);
    CHECK(maps[1].flatten().argmax().item<int>() == 11);
    CHECK(maps.max().item<float>() == doctest::Approx(1.0));
    CHECK(maps.min().item<float>() == doctest::Approx(0.0));
    const auto other = tests::make_plugin<MaskingStrategy>("masking.attention", "", shape_of(2));
    other->set_state(strategy->state());
    CHECK(other->state().at("attention").equal(maps));
  }

  TEST_CASE("sweeps come after epochs 40, 80, … but never after the last") {
    const auto strategy = tests::make_plugin<MaskingStrategy>("masking.attention", "", shape_of(2));
    const auto wants = [&](std::int64_t epoch) { return strategy->wants_sweep({epoch, 121, 0, 1}); };
    CHECK_FALSE(wants(0));
    CHECK_FALSE(wants(39));
    CHECK(wants(40));
    CHECK_FALSE(wants(41));
    CHECK(wants(80));
    CHECK_FALSE(wants(120));
  }

  TEST_CASE("ratios that leave nothing for the encoder are refused by name") {
    CHECK_THROWS_AS(
        tests::make_plugin<MaskingStrategy>("masking.attention", "ratio = 0.6\nthrow_ratio = 0.4", shape_of(2)),
        ParameterError);
  }
}
