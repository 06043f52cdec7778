#include "sdk/head.hpp"
#include "support/plugins.hpp"

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <doctest/doctest.h>

using namespace vaso;

namespace {

std::shared_ptr<Head> made(const std::string& toml) {
  RunShape run;
  run.image_size = 32;
  return tests::make_plugin<Head>("head.segment_segmentation", "decoder = \"unet\"\nchannels = 4\n" + toml, run);
}

std::int64_t channels(Head& head) {
  const auto network = head.network({"1", "2", "3"});
  head.initialise(*network, 1);
  return head.logits({nullptr, network.get()}, at::zeros({1, 3, 32, 32})).size(1);
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("segment_segmentation: softmax has a background, multilabel has none; masks have one channel a label") {
    CHECK(channels(*made("")) == 4);
    CHECK(channels(*made("mode = \"multilabel\"")) == 3);
    const at::Tensor logits = at::tensor({0.1f, 0.3f, 0.2f, -1.0f}).reshape({1, 4, 1, 1});
    CHECK(at::equal(made("")->masks(logits).flatten(), at::tensor({1, 0, 0}).to(at::kBool)));
    CHECK(at::equal(made("mode = \"multilabel\"")->masks(logits).flatten(), at::tensor({1, 1, 1, 0}).to(at::kBool)));
  }

  TEST_CASE("segment_segmentation: two labels and more") {
    CHECK_THROWS_WITH_AS(made("")->network({"vessel"}), doctest::Contains("annotates 1 label (\"vessel\")"),
                         ParameterError);
  }

  TEST_CASE("segment_segmentation: options of the other mode are refused") {
    CHECK_THROWS_WITH_AS(made("mode = \"multilabel\"\ninclude_background = true"),
                         doctest::Contains("no background channel"), ParameterError);
    CHECK_THROWS_WITH_AS(made("threshold = 0.4"), doctest::Contains("most probable label wins"), ParameterError);
  }
}
