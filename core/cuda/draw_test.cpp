#include "cuda/draw.hpp"

#include "cuda/drawn_rows.hpp"
#include "data/philox.hpp"

#include "cuda/test_support.hpp"
#include "support/paths.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>

using namespace vaso;
using namespace vaso::cuda;

namespace {

struct Masks {
  std::int64_t rows, tokens;
  std::vector<double> weights;
  std::vector<std::int64_t> count;  // empty: equal_count
  std::int64_t equal_count = 0;
  std::vector<std::int64_t> seed{11, 22};

  Masks(std::int64_t rows_, std::int64_t tokens_)
      : rows(rows_), tokens(tokens_), weights(static_cast<std::size_t>(rows_ * tokens_), 1.0) {}

  Draw request() const {
    Draw request;
    request.rows = rows;
    request.tokens = tokens;
    request.equal_count = equal_count;
    return request;
  }

  std::vector<char> twin() const {
    std::vector<double> keys(weights.size());
    std::vector<char> drawn(weights.size());
    Draw draw = request();
    draw.weights = weights.data();
    draw.count = count.empty() ? nullptr : count.data();
    draw.seed = seed.data();
    draw.keys = keys.data();
    draw.drawn = reinterpret_cast<bool*>(drawn.data());
    draw_on_cpu(draw);
    return drawn;
  }

  std::int64_t drawn_in(const std::vector<char>& drawn, std::int64_t row) const {
    return std::count(drawn.begin() + row * tokens, drawn.begin() + (row + 1) * tokens, 1);
  }
};

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("random words are those of data/philox.hpp") {
    const auto expected = philox4x32({1, 2, 3, 4}, {0xdeadbeef, 77});
    const Words words = philox({1, 2, 3, 4}, 0xdeadbeef, 77);
    CHECK(words.a == expected[0]);
    CHECK(words.b == expected[1]);
    CHECK(words.c == expected[2]);
    CHECK(words.d == expected[3]);
  }

  TEST_CASE("uniform numbers never reach 0 or 1") {
    CHECK(open_uniform({0, 0, 0, 0}) > 0);
    CHECK(open_uniform({~0u, ~0u, 0, 0}) < 1);
  }

  TEST_CASE("a draw takes as many as asked for, and never a weight of zero") {
    Masks masks(64, 20);
    masks.equal_count = 7;
    for (std::size_t i = 0; i < masks.weights.size(); ++i) masks.weights[i] = i % 2 == 0 ? 0.0 : 1e-30;
    const std::vector<char> drawn = masks.twin();
    for (std::int64_t row = 0; row < masks.rows; ++row) CHECK(masks.drawn_in(drawn, row) == 7);
    for (std::size_t i = 0; i < drawn.size(); i += 2) CHECK(drawn[i] == 0);
  }

  TEST_CASE("where fewer weights are positive than asked for, the draw takes those; none is no draw") {
    Masks masks(2, 20);
    masks.equal_count = 7;
    std::fill(masks.weights.begin(), masks.weights.end(), 0.0);
    masks.weights[3] = masks.weights[5] = 0.5;
    const std::vector<char> drawn = masks.twin();
    CHECK(masks.drawn_in(drawn, 0) == 2);
    CHECK(drawn[3] == 1);
    CHECK(drawn[5] == 1);
    CHECK(masks.drawn_in(drawn, 1) == 0);
    CHECK(Masks(0, 20).twin().empty());
    CHECK(Masks(3, 0).twin().empty());
  }

  TEST_CASE("a count may differ by row, and other seeds draw otherwise") {
    Masks masks(3, 50);
    masks.count = {0, 5, 50};
    const std::vector<char> drawn = masks.twin();
    for (std::int64_t row = 0; row < 3; ++row)
      CHECK(masks.drawn_in(drawn, row) == masks.count[static_cast<std::size_t>(row)]);
    CHECK(masks.twin() == drawn);
    for (std::size_t which : {0u, 1u}) {
      Masks other = masks;
      ++other.seed[which];
      CHECK(other.twin() != drawn);
    }
  }

  TEST_CASE("an even draw is even") {
    Masks masks(40000, 8);
    masks.equal_count = 3;
    const std::vector<char> drawn = masks.twin();
    for (std::size_t token = 0; token < 8; ++token) {
      double hits = 0;
      for (std::size_t row = 0; row < 40000; ++row) hits += drawn[row * 8 + token];
      CHECK(std::abs(hits / 40000 - 3.0 / 8) < 0.0122);  // five standard errors
    }
  }

  TEST_CASE("on tensors: any type of weight, a count or one by row, and the generator moves on") {
    const at::Tensor weights = at::ones({16, 12}, at::kFloat);
    weights.slice(1, 0, 4).zero_();
    at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{5});
    const at::Tensor once = drawn_rows(weights, 3, generator), again = drawn_rows(weights, 3, generator);
    CHECK(once.sum(1).eq(3).all().item<bool>());
    CHECK(once.slice(1, 0, 4).sum().item<std::int64_t>() == 0);
    CHECK_FALSE(once.equal(again));
    CHECK(drawn_rows(weights, 3, at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{5})).equal(once));
    const at::Tensor counts = at::arange(16, at::kInt).remainder(9);
    const at::Tensor rows = drawn_rows(weights.to(at::kBool), counts, generator);
    CHECK(rows.sum(1).eq(counts).all().item<bool>());
    CHECK((rows.scalar_type() == at::kBool));
  }

  TEST_CASE("the kernel equals its twin") {
    if (no_gpu()) return;
    Masks masks(256, 196);
    masks.count.assign(256, 98);
    masks.count[5] = 3;
    for (std::size_t i = 0; i < masks.weights.size(); ++i) masks.weights[i] = static_cast<double>(i % 7);
    const DeviceMemory weights = on_gpu(masks.weights), count = on_gpu(masks.count), seed = on_gpu(masks.seed);
    const DeviceMemory keys(masks.weights.size() * sizeof(double)), drawn(masks.weights.size());
    Draw request = masks.request();
    request.weights = weights.as<double>();
    request.count = count.as<std::int64_t>();
    request.seed = seed.as<std::int64_t>();
    request.keys = keys.as<double>();
    request.drawn = drawn.as<bool>();
    draw(request, default_stream);
    const std::vector<char> ours = on_cpu<char>(drawn, masks.weights.size()), twin = masks.twin();
    // A logarithm may differ in its last bit between GPU and CPU, and then, once in many draws, an order.
    std::int64_t differing = 0;
    for (std::size_t i = 0; i < twin.size(); ++i) differing += ours[i] != twin[i] ? 1 : 0;
    CHECK(differing <= 2);
    for (std::int64_t row = 0; row < 256; ++row) CHECK(masks.drawn_in(ours, row) == masks.drawn_in(twin, row));
  }
}

TEST_SUITE("reference") {
  TEST_CASE("inclusion frequencies equal those of the sequential draw") {
    const auto files = tests::reference_files("weighted_sampling", ".json");
    if (files.empty()) MESSAGE("skipped: no weighted_sampling*.json in ", tests::reference_dir().string());
    for (const auto& file : files) {
      const nlohmann::json expected = nlohmann::json::parse(std::ifstream(file));
      const auto weights = expected.at("weights").get<std::vector<double>>();
      const auto reference_draws = expected.at("draws").get<double>();
      for (const auto& [count, values] : expected.at("inclusion").items()) {
        Masks masks(3000, static_cast<std::int64_t>(weights.size()));
        masks.equal_count = std::stoll(count);
        for (std::size_t row = 0; row < 3000; ++row)
          std::copy(weights.begin(), weights.end(), masks.weights.begin() + static_cast<long>(row * weights.size()));
        const std::vector<char> drawn = masks.twin();
        const auto reference = values.get<std::vector<double>>();
        double worst = 0;  // in standard errors of the difference of two binomial frequencies
        for (std::size_t i = 0; i < weights.size(); ++i) {
          double hits = 0;
          for (std::size_t row = 0; row < 3000; ++row) hits += drawn[row * weights.size() + i];
          const double p = reference[i], error = std::sqrt(p * (1 - p) * (1 / 3000.0 + 1 / reference_draws));
          if (weights[i] > 0) worst = std::max(worst, std::abs(hits / 3000 - p) / error);
        }
        CAPTURE(count);
        CHECK(worst < 5.0);
      }
    }
  }
}
