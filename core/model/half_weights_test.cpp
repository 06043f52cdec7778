#include "model/half_weights.hpp"

#include "model/emulated_bf16.hpp"
#include "model/test_support.hpp"

#include <ATen/ATen.h>

#include <future>

using namespace vaso;
using model::HalfWeights;
using tests::waves;

TEST_SUITE("unit") {
  TEST_CASE("weights in bf16: one copy for all threads of a pass, and the next pass makes its own") {
    const at::Tensor weight = waves({6, 4}, 0.3).to(at::kFloat), rounded = weight.to(at::kBFloat16);
    const auto copy_on_another_thread = [&](HalfWeights& weights) {
      return std::async(std::launch::async,
                        [&] {
                          const HalfWeights::Use use(weights);
                          return HalfWeights::of(weight);
                        })
          .get();
    };
    HalfWeights pass, next;
    at::Tensor copy;
    {
      const HalfWeights::Use use(pass);
      copy = HalfWeights::of(weight);
      CHECK(HalfWeights::of(weight).is_same(copy));
      // What lies at the same place is not the same weight.
      CHECK(at::equal(HalfWeights::of(weight.narrow(0, 0, 3)).to(at::kBFloat16), rounded.narrow(0, 0, 3)));
      CHECK(at::equal(HalfWeights::of(weight.view({4, 6})).to(at::kBFloat16), rounded.view({4, 6})));
      copy = HalfWeights::of(weight);
    }
    CHECK(at::equal(copy.to(at::kBFloat16), rounded));
    CHECK((copy.scalar_type() == (model::emulates_bf16(rounded) ? at::kFloat : at::kBFloat16)));
    CHECK(copy_on_another_thread(pass).is_same(copy));
    weight.mul_(2);
    CHECK_FALSE(HalfWeights::of(weight).is_same(copy));  // this thread uses none
    CHECK(at::equal(copy_on_another_thread(next).to(at::kBFloat16), weight.to(at::kBFloat16)));
  }
}
