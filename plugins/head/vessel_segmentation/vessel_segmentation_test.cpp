#include "sdk/head.hpp"
#include "support/plugins.hpp"

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <doctest/doctest.h>

using namespace vaso;

namespace {

std::shared_ptr<Head> vessel_head(const std::string& toml, std::int64_t image_size = 224) {
  RunShape run;
  run.image_size = image_size;
  return tests::make_plugin<Head>("head.vessel_segmentation", toml, run);
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("vessel_segmentation: one label of any name; more are refused with their names and the cure") {
    CHECK(vessel_head("decoder = \"linear\"")->network({"catheter"}) != nullptr);
    CHECK_THROWS_WITH_AS(vessel_head("")->network({"1", "2"}),
                         doctest::Contains("annotates 2 labels (\"1\", \"2\") and head.vessel_segmentation"),
                         ParameterError);
    CHECK_THROWS_WITH_AS(vessel_head("")->network({}), doctest::Contains("no labels"), ParameterError);
  }

  TEST_CASE("vessel_segmentation: the U-Net of the baselines needs no encoder, and 16 must divide its input") {
    const auto head = vessel_head("decoder = \"unet\"\nchannels = 8\nnorm = \"gn\"\nup = \"bilinear\"", 48);
    CHECK_FALSE(head->uses_encoder());
    const auto network = head->network({"vessel"});
    head->initialise(*network, 1);
    const HeadNetworks networks{nullptr, network.get()};
    const at::Tensor logits = head->logits(networks, at::ones({2, 3, 48, 48}));
    CHECK(logits.sizes() == at::IntArrayRef({2, 1, 48, 48}));
    CHECK((head->masks(logits).scalar_type() == at::kBool));
    CHECK_THROWS_WITH_AS(vessel_head("decoder = \"unet\"", 200), doctest::Contains("use 192 or 208"), ParameterError);
  }
}
