// What the objective promises beyond the rules for every component of its kind.
#include "sdk/testing.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/nn/module.h>

using namespace vaso;

namespace {

// Hands on what it is asked to encode: the mean of each patch, or the replacement.
struct Mirror final : Encoder {
  EncodeResult encode(const EncodeRequest& request) override {
    const at::Tensor patches = patchify(request.image, 8).mean(2, true);  // B×L×1
    const at::Tensor tokens = at::where(request.replace.unsqueeze(-1), request.replacement, patches);
    EncodeResult result;
    result.tokens = at::cat({at::zeros({tokens.size(0), 1, 1}), tokens}, 1);
    return result;
  }
};

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("objective.my_method: the encoder sees a token in place of hidden patches, and nothing else of them") {
    RunShape shape;
    shape.image_size = 16;
    shape.patch_size = 8;
    shape.encoder_dim = 1;
    const auto objective = testing::make<Objective>("objective.my_method", "", shape);
    const auto network = objective->network();
    at::NoGradGuard no_gradient;
    for (at::Tensor& parameter : network->parameters()) parameter.fill_(1);
    Mirror encoder;
    Networks networks{&encoder, network.get(), nullptr};
    const MaskPlan plan{at::tensor({1, 0, 0, 0}, at::kChar).view({1, 4}), {}};
    const auto predict = [&](const at::Tensor& image) {
      return objective->forward(networks, {{"image", image}}, plan, "").at("prediction");
    };
    const at::Tensor image = at::zeros({1, 3, 16, 16});
    const at::Tensor before = predict(image);
    CHECK(before.sizes() == at::IntArrayRef({1, 4, 3 * 8 * 8}));
    CHECK(before[0][0].eq(2).all().item<bool>());  // 1·token + 1
    CHECK(before[0][1].eq(1).all().item<bool>());  // 1·0 + 1
    image.slice(2, 0, 8).slice(3, 0, 8).fill_(9);  // the hidden patch
    CHECK(predict(image).equal(before));
    image.slice(2, 8).fill_(9);
    CHECK(!predict(image).equal(before));
  }
}
