#include "model/lora.hpp"
#include "model/resize_weights.hpp"
#include "model/test_support.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace vaso;
using tests::relative_error;
using tests::waves;

namespace {

std::shared_ptr<model::Vit> fresh() {
  model::VitShape shape;
  shape.image_size = 16;
  shape.patch_size = 4;
  shape.dim = 16;
  shape.depth = 2;
  shape.heads = 2;
  auto vit = std::make_shared<model::Vit>(shape);
  model::initialise(*vit, 2);
  return vit;
}

at::Tensor tokens(model::Vit& vit) {
  EncodeRequest request;
  request.image = waves({2, 3, 16, 16}, 0.3);
  return vit.encode(request).tokens;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("LoRA changes nothing at first, trains nothing but its parts, and folds into the weights") {
    const auto vit = fresh();
    const at::Tensor before = tokens(*vit).detach();
    const Bag plain = model::weights(*vit);
    const at::Tensor qkv = plain.at("blocks.1.attn.qkv.weight").clone();
    model::add_lora(*vit, 3, 6.0, {"qkv", "fc2"}, 7);
    CHECK(at::equal(tokens(*vit), before));

    std::vector<std::string> trained;
    for (const auto& item : vit->named_parameters()) {
      if (item.value().requires_grad()) trained.push_back(item.key());
    }
    std::sort(trained.begin(), trained.end());
    CHECK(trained == std::vector<std::string>{"blocks.0.attn.qkv.lora_a", "blocks.0.attn.qkv.lora_b",
                                              "blocks.0.mlp.fc2.lora_a", "blocks.0.mlp.fc2.lora_b",
                                              "blocks.1.attn.qkv.lora_a", "blocks.1.attn.qkv.lora_b",
                                              "blocks.1.mlp.fc2.lora_a", "blocks.1.mlp.fc2.lora_b"});
    const Bag with = model::weights(*vit);
    CHECK(with.at("blocks.0.mlp.fc2.lora_a").sizes() == at::IntArrayRef({3, 64}));
    CHECK(with.at("blocks.0.mlp.fc2.lora_b").sizes() == at::IntArrayRef({16, 3}));
    CHECK(with.at("blocks.0.mlp.fc2.lora_a").abs().max().item<double>() <= 1.0 / 8);
    CHECK_FALSE(at::equal(with.at("blocks.0.attn.qkv.lora_a"), with.at("blocks.1.attn.qkv.lora_a")));

    tokens(*vit).square().mean().backward();
    CHECK(with.at("blocks.0.attn.qkv.lora_b").grad().abs().sum().item<double>() > 0);
    CHECK_FALSE(with.at("blocks.0.attn.qkv.weight").grad().defined());
    {
      at::NoGradGuard no_grad;
      for (const auto& [name, tensor] : with) {
        if (name.ends_with("lora_b")) at::Tensor(tensor).copy_(waves(tensor.sizes(), 0.9) * 0.3);
      }
    }
    const at::Tensor adapted = tokens(*vit).detach();
    CHECK(relative_error(adapted, before) > 0.01);
    model::merge_lora(*vit);
    CHECK(relative_error(tokens(*vit), adapted) < 1e-5);
    const Bag merged = model::weights(*vit);
    CHECK(merged.size() == plain.size());
    // W + (alpha / rank)·B·A.
    const at::Tensor expected =
        qkv + 2.0 * at::matmul(with.at("blocks.1.attn.qkv.lora_b"), with.at("blocks.1.attn.qkv.lora_a"));
    CHECK(relative_error(merged.at("blocks.1.attn.qkv.weight"), expected) < 1e-6);
  }

  TEST_CASE("LoRA parts are new to a checkpoint without them") {
    const auto vit = fresh();
    const Bag plain = model::weights(*fresh());
    model::add_lora(*vit, 2, 2.0, {"proj"}, 1);
    const model::LoadReport report = model::load_encoder(*vit, plain);
    CHECK(report.missing.size() == 4);
    CHECK(report.to_text().find("4 new: blocks.0.attn.proj.lora_a") != std::string::npos);
  }

  TEST_CASE("LoRA: unknown layers are named, with near ones") {
    const auto vit = fresh();
    CHECK_THROWS_WITH_AS(model::add_lora(*vit, 2, 2.0, {"qvk"}, 1), doctest::Contains("did you mean `qkv`"),
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(model::add_lora(*vit, 2, 2.0, {}, 1), doctest::Contains("qkv, proj, fc1 or fc2"),
                         std::invalid_argument);
    CHECK_THROWS_AS(model::add_lora(*vit, 0, 2.0, {"qkv"}, 1), std::invalid_argument);
    CHECK(vit->parameters()[0].requires_grad());  // refused before anything was frozen
    model::add_lora(*vit, 2, 2.0, {"qkv"}, 1);
    CHECK_THROWS_AS(model::add_lora(*vit, 2, 2.0, {"qkv"}, 1), std::logic_error);
  }
}
