#include "sdk/masking.hpp"

#include "support/paths.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <limits>

namespace {

at::Generator seeded(std::uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a weighted draw takes exactly as many as asked for, and never a weight of zero") {
    at::Tensor weights = at::ones({64, 20});
    weights.slice(1, 0, 10).zero_();
    const at::Tensor drawn = vaso::draw_weighted(weights, 7, seeded(1));
    CHECK(drawn.sum(1).eq(7).all().item<bool>());
    CHECK(drawn.slice(1, 0, 10).sum().item<std::int64_t>() == 0);
  }

  TEST_CASE("where fewer weights are positive than asked for, the draw takes those") {
    at::Tensor weights = at::zeros({8, 20});
    weights.slice(1, 3, 6).fill_(0.5);
    const at::Tensor drawn = vaso::draw_weighted(weights, 7, seeded(1));
    CHECK(drawn.sum(1).eq(3).all().item<bool>());
    CHECK(drawn.slice(1, 3, 6).all().item<bool>());
  }

  TEST_CASE("an even draw leaves out what is taken and honours a count per row") {
    at::Tensor taken = at::zeros({3, 12}, at::kBool);
    taken.slice(1, 0, 4).fill_(true);
    const at::Tensor counts = at::tensor(std::vector<std::int64_t>{0, 5, 8});
    const at::Tensor drawn = vaso::draw_evenly(taken, counts, seeded(3));
    CHECK(drawn.sum(1).eq(counts).all().item<bool>());
    CHECK_FALSE(drawn.logical_and(taken).any().item<bool>());
  }

  TEST_CASE("an even draw is even") {
    const std::int64_t rows = 40000;
    const at::Tensor taken = at::zeros({rows, 8}, at::kBool);
    const at::Tensor drawn = vaso::draw_evenly(taken, at::full({rows}, 3, at::kLong), seeded(4));
    const at::Tensor share = drawn.to(at::kDouble).mean(0);
    // Standard error √(p(1−p)/n) = 0.0024; five of them.
    CHECK((share - 3.0 / 8.0).abs().max().item<double>() < 0.0122);
  }

  TEST_CASE("a weighted draw takes the largest of log w plus Gumbel noise") {
    const at::Tensor weights = at::rand({50, 40}, seeded(2)).sub(0.2).clamp_min(0);
    const at::Tensor drawn = vaso::draw_weighted(weights, 9, seeded(3));
    at::Tensor u = at::empty({50, 40}, at::kDouble);
    u.uniform_(std::numeric_limits<double>::min(), 1.0, seeded(3));
    const at::Tensor keys = weights.to(at::kDouble).log() - (-u.log()).log();
    at::Tensor expected = at::zeros({50, 40}, at::kBool);
    expected.scatter_(1, std::get<1>(keys.topk(9, 1)), true);
    CHECK(drawn.equal(expected));
  }

  TEST_CASE("an even draw takes all there is where more is asked for, and nothing below zero") {
    at::Tensor taken = at::zeros({2, 6}, at::kBool);
    taken.slice(1, 0, 2).fill_(true);
    const at::Tensor drawn = vaso::draw_evenly(taken, at::tensor(std::vector<std::int64_t>{9, -1}), seeded(3));
    CHECK(drawn[0].equal(taken[0].logical_not()));
    CHECK_FALSE(drawn[1].any().item<bool>());
  }

  TEST_CASE("even draws of pairs are even too") {
    const std::int64_t rows = 60000;
    const at::Tensor drawn =
        vaso::draw_evenly(at::zeros({rows, 5}, at::kBool), at::full({rows}, 2, at::kLong), seeded(8)).to(at::kDouble);
    const at::Tensor together = at::matmul(drawn.t(), drawn) / static_cast<double>(rows);
    for (int i = 0; i < 5; ++i) {
      for (int j = 0; j < i; ++j)  // 0.1, with a standard error of 0.0012; five of them
        CHECK(together[i][j].item<double>() == doctest::Approx(0.1).epsilon(0.06 / 1.1));
    }
  }

  TEST_CASE("draws follow their generator") {
    const at::Tensor weights = at::rand({4, 30}, seeded(9));
    CHECK(vaso::draw_weighted(weights, 9, seeded(5)).equal(vaso::draw_weighted(weights, 9, seeded(5))));
    CHECK_FALSE(vaso::draw_weighted(weights, 9, seeded(5)).equal(vaso::draw_weighted(weights, 9, seeded(6))));
  }

  TEST_CASE("kept tokens are counted as the released codes count them") {
    CHECK(vaso::kept_tokens(196, 0.5) == 98);
    CHECK(vaso::kept_tokens(196, 0.6) == 78);
    CHECK(vaso::kept_tokens(196, 0.7) == 58);
    CHECK(vaso::kept_tokens(196, 0.75) == 49);
    CHECK(vaso::kept_tokens(196, 0.9) == 19);
  }

  TEST_CASE("patchify and unpatchify are inverse, values in (row, column, channel) order") {
    const at::Tensor image = at::arange(2 * 3 * 8 * 8, at::kFloat).reshape({2, 3, 8, 8});
    const at::Tensor patches = vaso::patchify(image, 4);
    REQUIRE(patches.sizes() == at::IntArrayRef({2, 4, 48}));
    CHECK(patches[0][1][0].item<float>() == image[0][0][0][4].item<float>());  // second patch: four columns on
    CHECK(patches[0][1][1].item<float>() == image[0][1][0][4].item<float>());  // then the next channel
    CHECK(patches[0][1][3].item<float>() == image[0][0][0][5].item<float>());  // then the next column
    CHECK(vaso::unpatchify(patches, 4).equal(image));
    CHECK(vaso::patch_sums(image.slice(1, 0, 1), 4)[0][1].item<float>() ==
          doctest::Approx(image[0][0].slice(0, 0, 4).slice(1, 4, 8).sum().item<float>()));
  }

  TEST_CASE("tokens in a state come in raster order") {
    vaso::MaskPlan plan;
    plan.state = at::tensor(std::vector<int>{0, 1, 1, 0, -1, 1, 0, -1, 0, 1, 1, 0}).reshape({2, 6}).to(at::kChar);
    const at::Tensor kept = vaso::tokens_in_state(plan, vaso::MaskPlan::keep);
    CHECK(kept[0].equal(at::tensor(std::vector<std::int64_t>{0, 3})));
    CHECK(kept[1].equal(at::tensor(std::vector<std::int64_t>{0, 2})));
  }
}

TEST_SUITE("reference") {
  TEST_CASE("inclusion frequencies of the weighted draw equal those of the sequential one") {
    const auto files = vaso::tests::reference_files("weighted_sampling", ".json");
    if (files.empty()) MESSAGE("skipped: no weighted_sampling*.json in ", vaso::tests::reference_dir().string());
    for (const auto& file : files) {
      const nlohmann::json expected = nlohmann::json::parse(std::ifstream(file));
      const auto weights = expected.at("weights").get<std::vector<double>>();
      const auto reference_draws = expected.at("draws").get<double>();
      const auto length = static_cast<std::int64_t>(weights.size());
      const at::Tensor row = at::tensor(weights, at::kDouble).reshape({1, length});
      const std::int64_t batch = 20000, repeats = 5;
      const double draws = static_cast<double>(batch * repeats);
      for (const auto& [count, values] : expected.at("inclusion").items()) {
        at::Tensor hits = at::zeros({length}, at::kDouble);
        for (std::int64_t r = 0; r < repeats; ++r) {
          hits += vaso::draw_weighted(row.expand({batch, length}), std::stoll(count),
                                      seeded(100 + static_cast<std::uint64_t>(r)))
                      .sum(0);
        }
        const auto reference = values.get<std::vector<double>>();
        double worst = 0;  // in standard errors of the difference of two binomial frequencies
        for (std::int64_t i = 0; i < length; ++i) {
          const double ours = hits[i].item<double>() / draws;
          const double p = reference[static_cast<std::size_t>(i)];
          if (weights[static_cast<std::size_t>(i)] == 0.0) {
            CHECK(ours == 0.0);
            continue;
          }
          const double error = std::sqrt(p * (1 - p) * (1 / draws + 1 / reference_draws));
          worst = std::max(worst, std::abs(ours - p) / error);
        }
        CAPTURE(file.filename().string());
        CAPTURE(count);
        CHECK(worst < 5.0);  // the largest of 196 normal deviates exceeds 5 once in 9,000 times
      }
    }
  }
}
