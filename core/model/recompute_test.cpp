#include "model/recompute.hpp"
#include "model/mae_decoder.hpp"
#include "model/test_support.hpp"
#include "train/device.hpp"

#include <doctest/doctest.h>

#include <tuple>

using namespace vaso;
using tests::waves;

namespace {

struct Outcome {
  at::Tensor value;
  std::vector<std::pair<std::string, at::Tensor>> gradients;
};

// One forward and backward pass of a small encoder and decoder.
Outcome outcome(bool recompute, double drop_path, const std::string& precision) {
  struct Networks : torch::nn::Module {
    std::shared_ptr<model::Vit> encoder;
    std::shared_ptr<model::MaeDecoder> decoder;
  } networks;
  model::VitShape shape;
  shape.image_size = 16;
  shape.patch_size = 4;
  shape.dim = 16;
  shape.depth = 3;
  shape.heads = 2;
  shape.drop_path = drop_path;
  model::DecoderShape decoder;
  decoder.encoder_dim = 16;
  decoder.grid = 4;
  decoder.patch_values = 48;
  decoder.dim = 8;
  decoder.depth = 2;
  decoder.heads = 2;
  networks.encoder = networks.register_module("encoder", std::make_shared<model::Vit>(shape));
  networks.decoder = networks.register_module("decoder", std::make_shared<model::MaeDecoder>(decoder));
  model::initialise(networks, 1);
  networks.encoder->set_generator(train::make_generator(c10::kCPU, 5));
  MaskPlan plan{at::full({4, 16}, MaskPlan::mask, at::kChar), {}};
  plan.state.narrow(1, 3, 8).fill_(MaskPlan::keep);

  Outcome outcome;
  {
    const train::Precision in_force(precision, c10::kCPU);
    const model::Recomputation in_parts(recompute);
    outcome.value = model::reconstruct(*networks.encoder, *networks.decoder, waves({4, 3, 16, 16}, 0.3), plan)
                        .at("prediction")
                        .to(at::kFloat);
  }
  outcome.value.square().mean().backward();
  for (const auto& item : networks.named_parameters()) outcome.gradients.emplace_back(item.key(), item.value().grad());
  return outcome;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE(
      "activation checkpointing: values and gradients of encoder and decoder are the same, in float32 to the bit") {
    // In bf16 a block that is computed again ends with its sum, which else is added in the next norm, unrounded.
    const auto same = [](const at::Tensor& one, const at::Tensor& other, const std::string& precision) {
      return precision == "fp32" ? at::equal(one, other) : tests::relative_error(one, other) < 2e-2;
    };
    for (const auto& [drop_path, precision] : {std::tuple{0.0, "fp32"}, {0.8, "fp32"}, {0.8, "bf16"}, {0.0, "bf16"}}) {
      CAPTURE(drop_path);
      CAPTURE(precision);
      const Outcome kept = outcome(false, drop_path, precision), again = outcome(true, drop_path, precision);
      CHECK(same(kept.value, again.value, precision));
      REQUIRE(kept.gradients.size() == again.gradients.size());
      for (std::size_t i = 0; i < kept.gradients.size(); ++i) {
        CAPTURE(kept.gradients[i].first);
        const at::Tensor &one = kept.gradients[i].second, &other = again.gradients[i].second;
        REQUIRE(one.defined() == other.defined());
        if (one.defined()) CHECK(same(one, other, precision));
      }
    }
  }

  TEST_CASE("activation checkpointing: nothing is recorded the first time, all of it the second") {
    std::vector<bool> recorded;
    const auto part = [&](const at::Tensor& x) {
      recorded.push_back(at::GradMode::is_enabled());
      return x * x;
    };
    const at::Tensor x = waves({5}, 0.3).set_requires_grad(true);
    const at::Tensor y = model::recomputed(part, x, {});
    CHECK(recorded == std::vector<bool>{false});
    y.sum().backward();
    CHECK(recorded == std::vector<bool>{false, true});
    CHECK(at::equal(x.grad(), 2 * x.detach()));

    recorded.clear();
    const at::NoGradGuard no_grad;
    model::recomputed(part, x, {});
    CHECK(recorded.size() == 1);
  }
}
