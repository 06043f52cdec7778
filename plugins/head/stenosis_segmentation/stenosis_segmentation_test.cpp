#include "sdk/head.hpp"
#include "support/plugins.hpp"

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <doctest/doctest.h>

using namespace vaso;

TEST_SUITE("unit") {
  TEST_CASE("stenosis_segmentation: one label; Dice leads, the cross-entropy counts a fifth") {
    RunShape run;
    run.image_size = 32;
    const auto head = tests::make_plugin<Head>("head.stenosis_segmentation", "decoder = \"unet\"\nchannels = 4", run);
    CHECK_THROWS_WITH_AS(head->network({"stenosis", "vessel"}), doctest::Contains("\"stenosis\", \"vessel\""),
                         ParameterError);
    const auto network = head->network({"stenosis"});
    head->initialise(*network, 1);
    LabelledBatch batch;
    batch.image = at::zeros({2, 3, 32, 32});
    batch.masks = at::zeros({2, 1, 32, 32});
    const Bag losses = head->losses({nullptr, network.get()}, batch, {});
    REQUIRE(losses.size() == 2);
    // Of an image without contrast nothing is known but the prior: a cross-entropy near −ln(1 − 0.01).
    CHECK(losses.at("bce").item<double>() == doctest::Approx(0.2 * 0.01005).epsilon(0.05).scale(0));
    CHECK(losses.at("dice").item<double>() == doctest::Approx(1.0).epsilon(0.001));
  }
}
