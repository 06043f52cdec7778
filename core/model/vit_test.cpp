#include "model/vit.hpp"
#include "model/gelu.hpp"
#include "model/test_support.hpp"
#include "model/weights.hpp"
#include "support/paths.hpp"
#include "train/device.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

using namespace vaso;
using tests::relative_error;

namespace {

model::VitShape small_vit(std::int64_t depth = 2, std::int64_t patch = 16) {
  model::VitShape shape;
  shape.image_size = 4 * patch;
  shape.patch_size = patch;
  shape.dim = 24;
  shape.depth = depth;
  shape.heads = 3;
  return shape;
}

std::shared_ptr<model::Vit> fresh_vit(const model::VitShape& shape, std::uint64_t seed = 1) {
  auto vit = std::make_shared<model::Vit>(shape);
  model::initialise(*vit, seed);
  return vit;
}

EncodeRequest request(const model::VitShape& shape, std::int64_t batch = 2) {
  EncodeRequest request;
  request.image = tests::waves({batch, 3, shape.image_size, shape.image_size}, 0.3);
  return request;
}

const at::Tensor kSome = at::tensor({0, 3, 7, 15, 2, 3, 4, 9}, at::kLong).reshape({2, 4});

struct Count {
  std::int64_t all = 0, trained = 0, tensors = 0;
};
Count count(const torch::nn::Module& module) {
  Count count;
  for (const auto& tensor : module.parameters()) {
    count.all += tensor.numel();
    count.trained += tensor.requires_grad() ? tensor.numel() : 0;
    ++count.tensors;
  }
  return count;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("sizes of the named encoders") {
    // By hand for D, depth N: 12ND² + 13ND blocks, 769·D patch embedding, 2D norm, D cls, 197·D fixed positions.
    const auto expected = [](std::int64_t d, std::int64_t n) { return 12 * n * d * d + 13 * n * d + 769 * d + 3 * d; };
    for (const auto& [name, d, n] :
         {std::tuple{"vit_ti", 192, 12}, std::tuple{"vit_s", 384, 12}, std::tuple{"vit_b", 768, 12}}) {
      CAPTURE(name);
      const Count sizes = count(model::Vit(model::vit_shape(name)));
      CHECK(sizes.trained == expected(d, n));
      CHECK(sizes.all == sizes.trained + 197 * d);
      CHECK(sizes.tensors == 4 + 12 * n + 2);
    }
    // timm's figure for ViT-B/16 without a head, where positions count.
    CHECK(expected(768, 12) + 197 * 768 == 85798656);
    CHECK(model::vit_shape("vit_l").dim == 1024);
    CHECK(model::vit_shape("vit_l").depth == 24);
    CHECK(model::vit_shape("vit_h").heads == 16);
    CHECK_THROWS_WITH_AS(model::vit_shape("vit_b16"), doctest::Contains("vit_ti, vit_s, vit_b, vit_l or vit_h"),
                         std::invalid_argument);
  }

  TEST_CASE("released names") {
    std::set<std::string> names;
    for (const auto& [name, tensor] : model::weights(model::Vit(small_vit(1)))) names.insert(name);
    CHECK(names == std::set<std::string>{"cls_token", "pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias",
                                         "blocks.0.norm1.weight", "blocks.0.norm1.bias", "blocks.0.attn.qkv.weight",
                                         "blocks.0.attn.qkv.bias", "blocks.0.attn.proj.weight",
                                         "blocks.0.attn.proj.bias", "blocks.0.norm2.weight", "blocks.0.norm2.bias",
                                         "blocks.0.mlp.fc1.weight", "blocks.0.mlp.fc1.bias", "blocks.0.mlp.fc2.weight",
                                         "blocks.0.mlp.fc2.bias", "norm.weight", "norm.bias"});
  }

  TEST_CASE("sizes that do not go together are refused") {
    model::VitShape shape = small_vit();
    shape.image_size = 65;
    CHECK_THROWS_WITH_AS(model::Vit{shape}, doctest::Contains("use 64 or 80"), std::invalid_argument);
    shape = small_vit();
    shape.heads = 5;
    CHECK_THROWS_AS(model::Vit{shape}, std::invalid_argument);
    shape = small_vit();
    shape.dim = 6;
    CHECK_THROWS_AS(model::Vit{shape}, std::invalid_argument);
    EncodeRequest wrong;
    wrong.image = tests::waves({1, 3, 64, 80});
    CHECK_THROWS_WITH_AS(fresh_vit(small_vit())->encode(wrong), doctest::Contains("1×3×64×80"), std::invalid_argument);
  }

  TEST_CASE("the patch embedding is the convolution that its weights are stored as") {
    for (const std::int64_t patch : {14, 16}) {
      CAPTURE(patch);
      const auto shape = small_vit(0, patch);
      const auto vit = fresh_vit(shape);
      const Bag all = model::weights(*vit);
      at::Tensor(all.at("patch_embed.proj.bias")).set_data(tests::waves({shape.dim}));
      const auto asked = request(shape);
      const at::Tensor map =
          at::conv2d(asked.image, all.at("patch_embed.proj.weight"), all.at("patch_embed.proj.bias"), patch);
      const at::Tensor patches = map.flatten(2).transpose(1, 2) + all.at("pos_embed").slice(1, 1);
      const at::Tensor expected = at::layer_norm(patches, {shape.dim}, {}, {}, 1e-6);
      const at::Tensor tokens = vit->encode(asked).tokens;
      CHECK(tokens.sizes() == at::IntArrayRef({2, 17, 24}));
      CHECK(relative_error(tokens.slice(1, 1), expected) < 1e-6);
    }
  }

  TEST_CASE("keep: hidden patches neither appear nor matter") {
    const auto vit = fresh_vit(small_vit());
    auto asked = request(small_vit());
    asked.keep = kSome;
    const at::Tensor tokens = vit->encode(asked).tokens;
    CHECK(tokens.sizes() == at::IntArrayRef({2, 5, 24}));
    // Image 0 keeps patch 0 and not patch 1: pixels of the former matter, of the latter do not.
    asked.image = asked.image.clone();
    asked.image[0].slice(1, 0, 16).slice(2, 16, 32).fill_(5);
    CHECK(at::equal(vit->encode(asked).tokens, tokens));
    asked.image[0].slice(1, 0, 16).slice(2, 0, 16).fill_(5);
    CHECK_FALSE(at::equal(vit->encode(asked).tokens, tokens));
  }

  TEST_CASE("keep: without blocks it selects rows of the full result; with all kept, in any order, nothing changes") {
    auto asked = request(small_vit(0));
    const auto flat = fresh_vit(small_vit(0));
    const at::Tensor full = flat->encode(asked).tokens;
    asked.keep = kSome;
    CHECK(at::allclose(flat->encode(asked).tokens.slice(1, 1), model::gather_tokens(full.slice(1, 1), kSome), 1e-6,
                       1e-6));

    const auto vit = fresh_vit(small_vit());
    asked = request(small_vit());
    const at::Tensor raster = vit->encode(asked).tokens;
    asked.keep = at::arange(15, -1, -1, at::kLong).expand({2, 16});
    const at::Tensor reversed = vit->encode(asked).tokens;
    CHECK(relative_error(reversed.slice(1, 1).flip({1}), raster.slice(1, 1)) < 1e-5);
    CHECK(relative_error(reversed.slice(1, 0, 1), raster.slice(1, 0, 1)) < 1e-5);
  }

  TEST_CASE("replace: embeddings give way to the replacement, which gets gradient; positions stay") {
    const auto vit = fresh_vit(small_vit(1));
    auto asked = request(small_vit(1));
    asked.replace = at::zeros({2, 16}, at::kBool);
    asked.replace[0][5] = true;
    asked.replace[1] = true;
    at::Tensor replacement = tests::waves({1, 1, 24}).requires_grad_();
    asked.replacement = replacement;
    const at::Tensor tokens = vit->encode(asked).tokens;
    tokens.sum().backward();
    CHECK(replacement.grad().abs().sum().item<double>() > 0);
    // All patches of image 1 are replaced: its pixels no longer matter, yet tokens differ by their positions.
    asked.image = asked.image.clone();
    asked.image[1].fill_(3);
    CHECK(at::equal(vit->encode(asked).tokens, tokens));
    CHECK_FALSE(at::allclose(tokens[1][1], tokens[1][2]));
    asked.image[0].slice(1, 16, 32).slice(2, 16, 32).fill_(3);  // patch 5
    CHECK(at::equal(vit->encode(asked).tokens, tokens));
    asked.keep = kSome;
    CHECK(vit->encode(asked).tokens.sizes() == at::IntArrayRef({2, 5, 24}));
  }

  TEST_CASE("attention of the last block: rows sum to one, and asking for it changes nothing") {
    const auto vit = fresh_vit(small_vit());
    auto asked = request(small_vit());
    const EncodeResult without = vit->encode(asked);
    CHECK_FALSE(without.attention.defined());
    asked.attention = true;
    asked.layers = {1, 0};
    const EncodeResult result = vit->encode(asked);
    CHECK(result.attention.sizes() == at::IntArrayRef({2, 3, 17, 17}));
    CHECK(at::allclose(result.attention.sum(-1), at::ones({2, 3, 17})));
    CHECK(result.attention.min().item<double>() > 0);
    CHECK(relative_error(result.tokens, without.tokens) < 1e-6);
    REQUIRE(result.layers.size() == 2);
    CHECK(at::allclose(at::layer_norm(result.layers[0], {24}, {}, {}, 1e-6), result.tokens, 1e-5, 1e-6));
    CHECK_FALSE(at::allclose(result.layers[1], result.layers[0]));
    asked.layers = {2};
    CHECK_THROWS_WITH_AS(vit->encode(asked), doctest::Contains("no block 2"), std::invalid_argument);
  }

  TEST_CASE("gelu: gradient right whatever the layout of what comes back") {
    at::Tensor x = tests::waves({2, 3, 40, 24}, 0.7).requires_grad_();
    const at::Tensor weight = tests::waves({2, 24, 40, 3}, 0.11);
    (model::gelu(x).permute({0, 3, 2, 1}) * weight).sum().backward();
    at::Tensor exact = x.detach().to(at::kDouble).requires_grad_();
    const at::Tensor normal = 0.5 * (1 + at::erf(exact / std::sqrt(2.0)));
    ((exact * normal).permute({0, 3, 2, 1}) * weight).sum().backward();
    CHECK(relative_error(x.grad(), exact.grad()) < 1e-5);
  }

  TEST_CASE("gradients of a batch in float32 equal those in float64") {
    const auto shape = small_vit();
    const auto single = fresh_vit(shape), twice = fresh_vit(shape);
    twice->to(at::kDouble);
    auto asked = request(shape, 3);
    const at::Tensor weight = tests::waves({3, 17, 24}, 0.7);
    (single->encode(asked).tokens * weight).sum().backward();
    asked.image = asked.image.to(at::kDouble);
    (twice->encode(asked).tokens * weight).sum().backward();
    const auto expected = twice->named_parameters();
    for (const auto& item : single->named_parameters()) {
      if (!item.value().requires_grad()) continue;
      CAPTURE(item.key());
      CHECK(relative_error(item.value().grad(), expected[item.key()].grad()) < 1e-4);
    }
  }

  TEST_CASE("bf16: close to fp32 forward, finite backward, fp32 weights and gradients") {
    const auto vit = fresh_vit(small_vit());
    const auto asked = request(small_vit());
    const at::Tensor exact = vit->encode(asked).tokens.detach();
    at::Tensor tokens;
    {
      const train::Precision precision("bf16", c10::kCPU);
      tokens = vit->encode(asked).tokens;
    }
    const double error = relative_error(tokens, exact);
    CHECK(error < 0.02);
    CHECK(error > 1e-6);  // it did run in bf16
    tokens.to(at::kFloat).square().sum().backward();
    for (const auto& item : vit->named_parameters()) {
      if (!item.value().requires_grad()) continue;
      CAPTURE(item.key());
      CHECK((item.value().grad().scalar_type() == at::kFloat));
      CHECK(item.value().grad().isfinite().all().item<bool>());
    }
    CHECK(relative_error(vit->encode(asked).tokens, exact) == 0);  // and fp32 is back
  }

  TEST_CASE("initialise: by seed and name alone, with MAE's distributions, and without the global generator") {
    const at::Generator& global = at::globalContext().defaultGenerator(c10::kCPU);
    const at::Tensor before = global.get_state().clone();
    const auto a = fresh_vit(model::vit_shape("vit_ti"), 5), b = fresh_vit(model::vit_shape("vit_ti"), 5),
               c = fresh_vit(model::vit_shape("vit_ti"), 6);
    CHECK(at::equal(global.get_state(), before));
    const Bag first = model::weights(*a), same = model::weights(*b), other = model::weights(*c);
    for (const auto& [name, tensor] : first) CHECK(at::equal(tensor, same.at(name)));
    CHECK_FALSE(at::equal(first.at("cls_token"), other.at("cls_token")));
    CHECK(at::equal(first.at("pos_embed"), other.at("pos_embed")));
    CHECK_FALSE(at::equal(first.at("blocks.0.mlp.fc1.weight"), first.at("blocks.1.mlp.fc1.weight")));

    const auto bound = [&](const char* name) { return first.at(name).abs().max().item<double>(); };
    CHECK(bound("blocks.3.attn.qkv.weight") == doctest::Approx(std::sqrt(6.0 / (192 + 576))).epsilon(1e-3));
    CHECK(bound("patch_embed.proj.weight") == doctest::Approx(std::sqrt(6.0 / (192 + 768))).epsilon(1e-3));
    CHECK(bound("blocks.3.attn.qkv.bias") == 0);
    CHECK(at::equal(first.at("norm.weight"), at::ones({192})));
    CHECK(first.at("cls_token").std().item<double>() == doctest::Approx(0.02).epsilon(0.15));

    // A deeper network, or one below a prefix, gives the parts that it shares the same weights.
    model::VitShape deeper = model::vit_shape("vit_ti");
    deeper.depth = 13;
    CHECK(at::equal(model::weights(*fresh_vit(deeper, 5)).at("blocks.11.mlp.fc2.weight"),
                    first.at("blocks.11.mlp.fc2.weight")));
    model::Linear alone(192, 768);
    model::initialise(alone, 5, "blocks.0.mlp.fc1.");
    CHECK(at::equal(model::weights(alone).at("weight"), first.at("blocks.0.mlp.fc1.weight")));
  }

  TEST_CASE("position table: patch (0,0) is sin 0 and cos 0, cls is zero, column before row") {
    const at::Tensor table = model::sincos_positions(768, 14)[0];
    CHECK(table[0].abs().max().item<double>() == 0);
    const at::Tensor corner = at::cat({at::zeros({192}), at::ones({192})}).repeat({2});
    CHECK(at::equal(table[1], corner));
    CHECK(at::equal(table[2].slice(0, 384), corner.slice(0, 384)));       // patch (0,1): the row half is the corner's
    CHECK(table[2][0].item<double>() == doctest::Approx(std::sin(1.0)));  // its column half has moved on
    CHECK_THROWS_AS(model::sincos_positions(30, 4), std::invalid_argument);
  }

  TEST_CASE("load_weights: all or nothing, and a word on what does not fit") {
    const auto from = fresh_vit(small_vit(), 1), into = fresh_vit(small_vit(), 2);
    Bag stored;
    for (const auto& [name, tensor] : model::weights(*from))
      stored["encoder." + name] = tensor.detach().to(at::kDouble);
    stored["encoder.head.weight"] = at::zeros({1});
    stored["other"] = at::zeros({1});
    CHECK(model::load_weights(*into, stored, "encoder.") == std::vector<std::string>{"encoder.head.weight"});
    CHECK(at::equal(model::weights(*into).at("blocks.1.mlp.fc1.weight"),
                    model::weights(*from).at("blocks.1.mlp.fc1.weight")));

    const at::Tensor before = model::weights(*into).at("blocks.0.norm1.weight").clone();
    stored["encoder.blocks.0.norm1.weight"] = at::zeros({24});
    stored["encoder.norm.weight"] = at::zeros({25});
    stored.erase("encoder.cls_token");
    CHECK_THROWS_WITH_AS(model::load_weights(*into, stored, "encoder."),
                         doctest::Contains("encoder.cls_token: missing"), model::WeightError);
    CHECK_THROWS_WITH_AS(model::load_weights(*into, stored, "encoder."),
                         doctest::Contains("encoder.norm.weight: the network has 24, the weights have 25"),
                         model::WeightError);
    CHECK(at::equal(model::weights(*into).at("blocks.0.norm1.weight"), before));
  }
}

TEST_SUITE("reference") {
  TEST_CASE("position tables") {
    const auto files = tests::reference_files("pos_embed_", ".safetensors");
    if (files.empty()) MESSAGE("skipped: no pos_embed_*.safetensors in ", tests::reference_dir().string());
    for (const auto& path : files) {
      CAPTURE(path.filename().string());
      at::Tensor expected = train::read_safetensors(path).tensors.at("pos_embed");
      if (expected.dim() == 3) expected = expected[0];
      const auto grid = static_cast<std::int64_t>(std::sqrt(static_cast<double>(expected.size(0) - 1)));
      const at::Tensor table = model::sincos_positions(expected.size(1), grid)[0];
      // Some released codes round the frequencies to float32; 13 rows on, that is 7e-7.
      CHECK((table - expected).abs().max().item<double>() < 1e-6);
    }
  }
}
