#include "detection/matcher.hpp"
#include "detection/sampler.hpp"

#include "detection/oracle_values.hpp"
#include "detection/test_values.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <doctest/doctest.h>

using namespace vaso;
using namespace vaso::detection;

namespace {

at::Generator generator(std::uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("matches are torchvision's, ties and low-quality ones included") {
    at::Tensor iou = (tests::hashed({4, 30}, "matcher.iou", 0, 1) * 10).round() / 10;
    iou[0] *= 0.6;
    iou.select(1, 1).fill_(0.1);
    iou[0][1] = 0.65;  // the best of a box that none overlaps enough
    iou[3] *= 0.2;
    iou.slice(1, 0, 30, 3) *= 0.35;
    CHECK(tests::integers(match(iou, 0.7, 0.3, false)) == tests::oracle::matched);
    CHECK(tests::integers(match(iou, 0.7, 0.3, true)) == tests::oracle::matched_low_quality);
    CHECK(tests::oracle::matched != tests::oracle::matched_low_quality);
  }

  TEST_CASE("without true boxes all is background; a box that nothing touches matches nothing") {
    CHECK(match(at::zeros({0, 5}), 0.7, 0.3, true).eq(background).all().item<bool>());
    CHECK(match(at::zeros({1, 5}), 0.7, 0.3, true).eq(background).all().item<bool>());
    CHECK(match(at::zeros({2, 0}), 0.5, 0.5, true).numel() == 0);
  }

  TEST_CASE("a sample is balanced, drawn without replacement, and filled up with negatives") {
    const at::Tensor matches = at::cat({at::arange(100), at::full({300}, background), at::full({50}, undecided)});
    const Sample sample = draw_balanced(matches, 64, 0.5, generator(1));
    CHECK(sample.positive.size(0) == 32);
    CHECK(sample.negative.size(0) == 32);
    CHECK(matches.index_select(0, sample.positive).ge(0).all().item<bool>());
    CHECK(matches.index_select(0, sample.negative).eq(background).all().item<bool>());
    const at::Tensor sorted = std::get<0>(sample.positive.sort());
    CHECK(sorted.diff().gt(0).all().item<bool>());

    const Sample few = draw_balanced(matches.narrow(0, 95, 305), 64, 0.5, generator(1));  // 5 positives
    CHECK(few.positive.size(0) == 5);
    CHECK(few.negative.size(0) == 59);
    const Sample all = draw_balanced(matches, 1000, 0.5, generator(1));
    CHECK(all.positive.size(0) == 100);
    CHECK(all.negative.size(0) == 300);
  }

  TEST_CASE("a sample follows its generator, and every candidate has its chance") {
    const at::Tensor matches = at::full({200}, background);
    CHECK(at::equal(draw_balanced(matches, 20, 0.5, generator(3)).negative,
                    draw_balanced(matches, 20, 0.5, generator(3)).negative));
    at::Tensor drawn = at::zeros({200});
    at::Generator random = generator(4);
    for (int i = 0; i < 400; ++i) drawn.index_add_(0, draw_balanced(matches, 20, 0.5, random).negative, at::ones({20}));
    CHECK(drawn.min().item<double>() > 15);  // 40 each on average, deviation 6
    CHECK(drawn.max().item<double>() < 70);
  }
}
