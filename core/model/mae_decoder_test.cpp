#include "model/mae_decoder.hpp"
#include "model/mim_losses.hpp"
#include "model/test_support.hpp"
#include "model/weights.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace vaso;
using tests::relative_error;

namespace {

constexpr std::int64_t kPatch = 8, kValues = 3 * kPatch * kPatch;

model::DecoderShape decoder_shape(std::int64_t depth) {
  model::DecoderShape shape;
  shape.encoder_dim = 24;
  shape.grid = 4;
  shape.patch_values = kValues;
  shape.dim = 16;
  shape.depth = depth;
  shape.heads = 2;
  return shape;
}

std::shared_ptr<model::MaeDecoder> fresh_decoder(std::int64_t depth = 1) {
  auto decoder = std::make_shared<model::MaeDecoder>(decoder_shape(depth));
  model::initialise(*decoder, 1);
  return decoder;
}

// Image 0: keep 0…3, mask 4…11, drop 12…15. Image 1: the other way round.
MaskPlan plan_with_drops() {
  at::Tensor state = at::full({2, 16}, MaskPlan::mask, at::kChar);
  state[0].slice(0, 0, 4).fill_(MaskPlan::keep);
  state[0].slice(0, 12, 16).fill_(MaskPlan::drop);
  state[1].slice(0, 0, 4).fill_(MaskPlan::drop);
  state[1].slice(0, 12, 16).fill_(MaskPlan::keep);
  return {state, {}};
}

at::Tensor image() { return tests::waves({2, 3, 4 * kPatch, 4 * kPatch}, 0.3); }

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("decoder tokens: cls, then kept and masked ones in raster order, without the dropped") {
    const auto decoder = fresh_decoder();
    const Bag all = model::weights(*decoder);
    const at::Tensor latent = tests::waves({2, 5, 24}, 0.2);
    const at::Tensor tokens = decoder->embed(latent, plan_with_drops());
    REQUIRE(tokens.sizes() == at::IntArrayRef({2, 13, 16}));
    const at::Tensor embedded = at::linear(latent, all.at("decoder_embed.weight"), all.at("decoder_embed.bias"));
    const at::Tensor positions = all.at("decoder_pos_embed")[0], hole = all.at("mask_token")[0][0];
    CHECK(at::allclose(tokens[0][0], embedded[0][0]));
    CHECK(at::allclose(tokens[0][1], embedded[0][1] + positions[1]));
    CHECK(at::allclose(tokens[0][4], embedded[0][4] + positions[4]));
    CHECK(at::allclose(tokens[0][5], hole + positions[5]));
    CHECK(at::allclose(tokens[0][12], hole + positions[12]));
    // Image 1 lost its first four tokens.
    CHECK(at::allclose(tokens[1][1], hole + positions[5]));
    CHECK(at::allclose(tokens[1][9], embedded[1][1] + positions[13]));
  }

  TEST_CASE("the mask token's gradient is the sum over masked tokens; kept latents get theirs") {
    const auto decoder = fresh_decoder();
    at::Tensor latent = tests::waves({2, 5, 24}, 0.2).requires_grad_();
    decoder->embed(latent, plan_with_drops()).sum().backward();
    CHECK(at::allclose(model::weights(*decoder).at("mask_token").grad(), at::full({1, 1, 16}, 16.0)));
    const at::Tensor weight = model::weights(*decoder).at("decoder_embed.weight");
    CHECK(at::allclose(latent.grad(), weight.detach().sum(0).expand({2, 5, 24}), 1e-5, 1e-6));
  }

  TEST_CASE("reconstruct: shapes, early stop, zero where dropped") {
    model::VitShape shape;
    shape.image_size = 4 * kPatch;
    shape.patch_size = kPatch;
    shape.dim = 24;
    shape.depth = 1;
    shape.heads = 2;
    model::Vit encoder(shape);
    model::initialise(encoder, 2);
    const auto decoder = fresh_decoder();
    const MaskPlan plan = plan_with_drops();
    const Bag all = model::reconstruct(encoder, *decoder, image(), plan);
    CHECK(all.at("latent").sizes() == at::IntArrayRef({2, 5, 24}));
    CHECK(all.at("decoder_input").sizes() == at::IntArrayRef({2, 13, 16}));
    CHECK(all.at("prediction").sizes() == at::IntArrayRef({2, 16, kValues}));
    const at::Tensor size = all.at("prediction").abs().sum(-1);
    CHECK(at::equal(size.eq(0), plan.state.eq(MaskPlan::drop)));
    const Bag latent = model::reconstruct(encoder, *decoder, image(), plan, "latent");
    CHECK(latent.size() == 1);
    CHECK(at::equal(latent.at("latent"), all.at("latent")));
    CHECK(model::reconstruct(encoder, *decoder, image(), plan, "decoder_input").count("prediction") == 0);

    MaskPlan nothing_hidden{at::zeros({2, 16}, at::kChar), {}};
    CHECK(model::reconstruct(encoder, *decoder, image(), nothing_hidden).at("latent").size(1) == 17);
  }

  TEST_CASE("a decoder that cannot be is refused") {
    model::DecoderShape shape = decoder_shape(1);
    shape.heads = 3;
    CHECK_THROWS_AS(model::MaeDecoder{shape}, std::invalid_argument);
  }

  TEST_CASE("reconstruction loss: masked patches alone, over the whole batch") {
    const at::Tensor target = patchify(image(), kPatch);
    const MaskPlan plan = plan_with_drops();
    at::Tensor prediction = target.clone();
    prediction[0][5] += 2;     // masked: error 4 over one of 16 masked patches
    prediction[0][0] += 100;   // kept
    prediction[0][13] += 100;  // dropped
    CHECK(model::reconstruction_loss(prediction, image(), plan, kPatch, false).item<double>() ==
          doctest::Approx(4.0 / 16).epsilon(1e-5));
    // By hand for one normalised patch.
    const at::Tensor patch = target[1][6].to(at::kDouble);
    const at::Tensor normal = (patch - patch.mean()) / (patch.var() + 1e-6).sqrt();
    const at::Tensor errors = model::patch_errors(at::zeros_like(prediction), image(), kPatch, true);
    CHECK(errors.sizes() == at::IntArrayRef({2, 16}));
    CHECK(errors[1][6].item<double>() == doctest::Approx(normal.square().mean().item<double>()).epsilon(1e-5));
  }

  TEST_CASE("reconstruct_image shows the image's own pixels where nobody predicts, and they have no gradient") {
    const MaskPlan plan = plan_with_drops();
    const at::Tensor prediction = at::ones({2, 16, kValues}).set_requires_grad(true);
    for (const bool norm_pix : {false, true}) {
      const at::Tensor seen = model::reconstruct_image(prediction, image(), kPatch, norm_pix, plan);
      const at::Tensor differs = patchify(seen, kPatch).ne(patchify(image(), kPatch)).any(-1);
      CHECK(at::equal(differs, plan.state.ne(MaskPlan::drop)));
      prediction.mutable_grad() = at::Tensor();
      seen.sum().backward();
      CHECK(at::equal(prediction.grad().ne(0).any(-1), plan.state.ne(MaskPlan::drop)));
    }
  }

  TEST_CASE("reconstruct_image undoes what the target did") {
    const at::Tensor pixels = patchify(image(), kPatch);
    const PatchStatistics statistics = patch_statistics(pixels);
    const at::Tensor normal = (pixels - statistics.mean) / statistics.deviation;
    CHECK(at::allclose(model::reconstruct_image(normal, image(), kPatch, true), image(), 1e-4, 1e-5));
    CHECK(at::equal(model::reconstruct_image(pixels, image(), kPatch, false), image()));
  }

  TEST_CASE("consistency loss: entropy where logits agree, soft targets, float32 from bf16") {
    const at::Tensor logits = at::tensor({-2.0, 0.5, 3.0});
    const at::Tensor p = at::sigmoid(logits);
    const double entropy = -(p * p.log() + (1 - p) * (1 - p).log()).mean().item<double>();
    CHECK(model::consistency_loss(logits, p).item<double>() == doctest::Approx(entropy).epsilon(1e-6));
    CHECK(model::consistency_loss(logits + 1, p).item<double>() > entropy);
    CHECK((model::consistency_loss(logits.to(at::kBFloat16), p.to(at::kBFloat16)).scalar_type() == at::kFloat));
  }
}
