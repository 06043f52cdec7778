#include "model/transformer.hpp"
#include "model/test_support.hpp"
#include "model/vit.hpp"
#include "model/weights.hpp"
#include "train/device.hpp"

#include <doctest/doctest.h>

using namespace vaso;
using tests::relative_error;
using tests::waves;

namespace {

// 3×3 tokens: the windows of two stick out by one row and one column.
model::VitShape windowed() {
  model::VitShape shape;
  shape.image_size = 6;
  shape.patch_size = 2;
  shape.dim = 8;
  shape.depth = 2;
  shape.heads = 2;
  shape.window = 2;
  shape.global_blocks = {1};
  shape.relative_positions = true;
  return shape;
}

// Every parameter a wave of its own frequency, by the order of names, as the oracle has them.
std::shared_ptr<model::Vit> with_waves(const model::VitShape& shape) {
  auto vit = std::make_shared<model::Vit>(shape);
  at::NoGradGuard no_grad;
  double step = 0.1;
  for (const auto& [name, tensor] : model::weights(*vit)) {
    at::Tensor(tensor).copy_(waves(tensor.sizes(), step));
    step += 0.013;
  }
  vit->to(at::kDouble);
  return vit;
}

EncodeRequest image_of(const model::VitShape& shape, std::int64_t batch = 2) {
  EncodeRequest request;
  request.image = waves({batch, 3, shape.image_size, shape.image_size}, 0.3);
  return request;
}

model::VitShape small() {
  model::VitShape shape;
  shape.image_size = 16;
  shape.patch_size = 4;
  shape.dim = 16;
  shape.depth = 3;
  shape.heads = 2;
  return shape;
}

std::shared_ptr<model::Vit> fresh(const model::VitShape& shape) {
  auto vit = std::make_shared<model::Vit>(shape);
  model::initialise(*vit, 3);
  return vit;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("windows with filling, and decomposed relative positions: detectron2's formulas, values and gradients") {
    // Numbers: detectron2/modeling/backbone/{vit,utils}.py (window_partition, add_decomposed_rel_pos) in float64 on
    // PyTorch 1.13.1, followed by a final norm.
    const auto shape = windowed();
    const auto vit = with_waves(shape);
    auto request = image_of(shape);
    request.image = request.image.to(at::kDouble);
    request.layers = {0, 1};
    const EncodeResult result = vit->encode(request);
    CHECK(result.prefix == 0);
    REQUIRE(result.tokens.sizes() == at::IntArrayRef({2, 9, 8}));
    const at::Tensor corner = at::tensor({8.23904363509, 11.122307612, 7.69776664321, -0.270212646938, -8.08785298077,
                                          -11.0034277514, -7.2137985147, 1.03220616128},
                                         at::kDouble);
    const at::Tensor centre = at::tensor({12.0481483518, 12.0187725104, 18.4435407289, 3.40828894657, -2.28745753338,
                                          -0.924332345857, -5.94323917284, 9.90431275715},
                                         at::kDouble);
    CHECK(relative_error(result.layers[0][1][8], corner) < 1e-10);
    CHECK(relative_error(result.layers[1][0][4], centre) < 1e-10);
    const at::Tensor loss = (result.tokens * waves({2, 9, 8}, 0.7).to(at::kDouble)).sum();
    CHECK(loss.item<double>() == doctest::Approx(-1.1106896093983).epsilon(1e-10));
    loss.backward();
    const auto parameters = vit->named_parameters();
    for (const auto& [name, norm, fifth] : {std::tuple{"blocks.0.attn.rel_pos_h", 0.0341491905017, 0.0174831133171},
                                            std::tuple{"blocks.1.attn.rel_pos_w", 0.0175695285229, 0.00231036898104},
                                            std::tuple{"blocks.0.attn.qkv.bias", 0.0622471517222, 0.00249824430063},
                                            std::tuple{"patch_embed.proj.weight", 1.89133979778, 0.000903136828218}}) {
      CAPTURE(name);
      const at::Tensor gradient = parameters[name].grad();
      CHECK(gradient.norm().item<double>() == doctest::Approx(norm).epsilon(1e-9));
      CHECK(gradient.flatten()[5].item<double>() == doctest::Approx(fifth).epsilon(1e-8));
    }
  }

  TEST_CASE("windows: there and back again, and one window over all is no window") {
    const at::Tensor tokens = waves({2, 25, 3}, 0.2);
    const at::Tensor windows = model::to_windows(tokens, 5, 3);
    CHECK(windows.sizes() == at::IntArrayRef({8, 9, 3}));
    CHECK(at::equal(windows[1][0], tokens[0][3]));         // second window of the first row
    CHECK(windows[1][2].abs().max().item<double>() == 0);  // its last column is filling
    CHECK(at::equal(windows[2][3], tokens[0][4 * 5]));     // second row of windows, second row of tokens
    CHECK(at::equal(model::from_windows(windows, 5, 3), tokens));

    auto whole = windowed();
    whole.window = 3;
    whole.global_blocks = {};
    auto everywhere = whole;
    everywhere.window = 0;
    auto request = image_of(whole);
    request.image = request.image.to(at::kDouble);
    CHECK(relative_error(with_waves(whole)->encode(request).tokens, with_waves(everywhere)->encode(request).tokens) <
          1e-12);
  }

  TEST_CASE("relative positions begin at zero, and change nothing until they are trained") {
    auto shape = small();
    shape.window = 4;  // no class token in either
    const auto plain = fresh(shape);
    shape.relative_positions = true;
    const auto relative = fresh(shape);
    CHECK(model::weights(*relative).at("blocks.2.attn.rel_pos_h").sizes() == at::IntArrayRef({7, 8}));
    CHECK(model::weights(*relative).at("blocks.2.attn.rel_pos_w").abs().max().item<double>() == 0);
    CHECK(relative_error(relative->encode(image_of(shape)).tokens, plain->encode(image_of(shape)).tokens) < 1e-6);
  }

  TEST_CASE("without a class token there is neither its parameter nor its row") {
    auto shape = small();
    shape.window = 2;
    const Bag all = model::weights(*fresh(shape));
    CHECK(all.count("cls_token") == 0);
    CHECK(all.at("pos_embed").sizes() == at::IntArrayRef({1, 16, 16}));
    CHECK(at::equal(all.at("pos_embed"), model::sincos_positions(16, 4).slice(1, 1)));
    auto request = image_of(shape);
    request.keep = at::zeros({2, 1}, at::kLong);
    CHECK_THROWS_WITH_AS(fresh(shape)->encode(request), doctest::Contains("need all tokens"), std::invalid_argument);
  }

  TEST_CASE("attention maps: of a global last block, not of a windowed one") {
    auto shape = windowed();
    auto request = image_of(shape);
    request.attention = true;
    CHECK(fresh(shape)->encode(request).attention.sizes() == at::IntArrayRef({2, 2, 9, 9}));
    shape.global_blocks = {};
    CHECK_THROWS_WITH_AS(fresh(shape)->encode(request), doctest::Contains("make it a global block"),
                         std::invalid_argument);
  }

  TEST_CASE("what does not go together is refused with the numbers") {
    auto shape = windowed();
    shape.window = 4;
    CHECK_THROWS_WITH_AS(model::Vit{shape}, doctest::Contains("use at most 3"), std::invalid_argument);
    shape = windowed();
    shape.global_blocks = {2};
    CHECK_THROWS_WITH_AS(model::Vit{shape}, doctest::Contains("no block 2"), std::invalid_argument);
    shape.window = 0;
    CHECK_THROWS_WITH_AS(model::Vit{shape}, doctest::Contains("set window"), std::invalid_argument);
    shape = small();
    shape.drop_path = 1;
    CHECK_THROWS_AS(model::Vit{shape}, std::invalid_argument);
  }

  TEST_CASE("trained positions keep their table when weights are drawn, and get gradient") {
    auto shape = small();
    shape.trainable_positions = true;
    const auto vit = fresh(shape);
    const at::Tensor table = model::weights(*vit).at("pos_embed");
    CHECK(at::equal(table, model::sincos_positions(16, 4)));
    vit->encode(image_of(shape)).tokens.square().sum().backward();
    CHECK(table.grad().defined());
  }

  TEST_CASE("stochastic depth: in training, by its generator alone, whole images at a time") {
    auto shape = small();
    shape.depth = 1;
    const at::Tensor tokens = waves({64, 16, 16}, 0.37);
    model::BlockOptions options;
    options.drop_path = 0.5;
    model::Block dropping(16, 2, 4.0, 1e-6, options), plain(16, 2, 4.0, 1e-6);
    model::initialise(dropping, 1);
    model::initialise(plain, 1);
    dropping.eval();
    CHECK(at::equal(dropping.forward(tokens), plain.forward(tokens)));
    dropping.train();
    CHECK_THROWS_WITH_AS(dropping.forward(tokens), doctest::Contains("needs a generator"), std::logic_error);

    const auto run = [&](std::uint64_t seed) {
      return dropping.forward(tokens, nullptr, train::make_generator(c10::kCPU, seed));
    };
    const at::Tensor once = run(1);
    CHECK(at::equal(once, run(1)));
    CHECK_FALSE(at::equal(once, run(2)));
    // Both branches are dropped for a quarter of the images: those come out as they went in.
    const at::Tensor untouched = (once - tokens).abs().amax({1, 2}).eq(0);
    CHECK(untouched.sum().item<std::int64_t>() > 6);
    CHECK(untouched.sum().item<std::int64_t>() < 28);
    // What is kept is scaled up, so that its mean stays: with the attention silenced, an image comes out as it went in
    // or with twice what the other branch adds.
    {
      at::NoGradGuard no_grad;
      for (const model::Block* block : {&dropping, &plain}) {
        at::Tensor(model::weights(*block).at("attn.proj.weight")).zero_();
      }
    }
    const at::Tensor added = run(3) - tokens, whole = plain.forward(tokens) - tokens;
    const at::Tensor kept = added.abs().amax({1, 2}).gt(0).to(at::kFloat).reshape({64, 1, 1});
    CHECK(relative_error(added, 2 * kept * whole) < 1e-5);
    CHECK(kept.mean().item<double>() == doctest::Approx(0.5).epsilon(0.4));
  }

  TEST_CASE("stochastic depth of an encoder grows from nothing at the first block") {
    auto shape = small();
    shape.drop_path = 0.9;
    const auto vit = fresh(shape);
    auto request = image_of(shape, 32);
    request.layers = {0, 2};
    vit->eval();
    const EncodeResult whole = vit->encode(request);
    vit->train();
    CHECK_THROWS_AS(vit->encode(request), std::logic_error);
    vit->set_generator(train::make_generator(c10::kCPU, 1));
    const EncodeResult dropped = vit->encode(request);
    CHECK(at::equal(dropped.layers[0], whole.layers[0]));
    CHECK_FALSE(at::equal(dropped.layers[1], whole.layers[1]));
  }
}
