// What the head promises beyond the rules for every component of its kind.
#include "sdk/head.hpp"
#include "sdk/testing.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/nn/module.h>

using namespace vaso;

namespace {

// One number for each patch: its mean.
struct Means final : Encoder {
  EncodeResult encode(const EncodeRequest& request) override {
    EncodeResult result;
    result.tokens = patchify(request.image, 8).mean(2, true);
    result.tokens = at::cat({at::zeros({result.tokens.size(0), 1, 1}), result.tokens}, 1);
    return result;
  }
};

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("head.my_method: finds bright patches where they are, once its weights say so") {
    RunShape shape;
    shape.image_size = 32;
    shape.patch_size = 8;
    shape.encoder_dim = 1;
    const auto head = testing::make<Head>("head.my_method", "", shape);
    const auto probe = head->network({"bright"});
    at::NoGradGuard no_gradient;
    probe->named_parameters()["weight"].fill_(1);
    probe->named_parameters()["bias"].fill_(-0.5);
    Means encoder;
    const at::Tensor image = at::zeros({1, 3, 32, 32});
    image.slice(2, 8, 16).slice(3, 16, 24).fill_(4);  // one patch
    const at::Tensor mask = head->masks(head->logits({&encoder, probe.get()}, image))[0][0];
    CHECK(mask.slice(0, 8, 16).slice(1, 16, 24).all().item<bool>());
    CHECK(!mask.slice(0, 24).any().item<bool>());
    CHECK(!mask.slice(1, 0, 8).any().item<bool>());
  }

  TEST_CASE("head.my_method: labels are needed") {
    CHECK_THROWS_AS(testing::make<Head>("head.my_method")->network({}), ParameterError);
  }
}
