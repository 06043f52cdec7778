// What is written as TorchScript and read by LibTorch alone gives what the networks give.
#include "train/torchscript.hpp"

#include "model/test_support.hpp"
#include "model/unet_adapter.hpp"
#include "model/vit.hpp"
#include "support/paths.hpp"
#include "train/safetensors.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/csrc/jit/serialization/import.h>

using namespace vaso;
using model::Positions;

namespace {

constexpr std::int64_t side = 32;

model::VitShape tiny() {
  model::VitShape shape;
  shape.image_size = side;
  shape.patch_size = 8;
  shape.dim = 24;
  shape.depth = 2;
  shape.heads = 2;
  shape.trainable_positions = true;
  return shape;
}

std::shared_ptr<model::Vit> encoder(const model::VitShape& shape) {
  auto vit = std::make_shared<model::Vit>(shape);
  model::initialise(*vit, 3);
  const at::NoGradGuard no_gradient;
  for (const auto& item : vit->named_parameters()) {  // tables that begin at zero, too
    if (item.key().find("position_bias") != std::string::npos || item.key().find("rel_pos") != std::string::npos)
      at::Tensor(item.value()).copy_(tests::waves(item.value().sizes(), 0.7));
  }
  vit->eval();
  return vit;
}

train::ScriptMethod tokens(const std::shared_ptr<model::Vit>& vit) {
  return {"forward", [vit](const at::Tensor& image) {
            EncodeRequest request;
            request.image = image;
            return vit->encode(request).tokens;
          }};
}

struct Written : tests::TemporaryFolder {
  torch::jit::Module read(const train::Script& script, torch::jit::ExtraFilesMap& files) const {
    train::export_torchscript(path() / "model.pt", script);
    return torch::jit::load((path() / "model.pt").string(), c10::nullopt, files);
  }
  torch::jit::Module read(const train::Script& script) const {
    torch::jit::ExtraFilesMap none;
    return read(script, none);
  }
};

double difference(torch::jit::Module& module, const train::ScriptMethod& method, std::int64_t batch) {
  const at::NoGradGuard no_gradient;
  const at::Tensor image = tests::waves({batch, 3, side, side}, 0.013 * static_cast<double>(batch));
  const at::Tensor given = module.get_method(method.name)({image}).toTensor(), expected = method.compute(image);
  REQUIRE(given.sizes() == expected.sizes());
  return (given - expected).abs().max().item<double>();
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE_FIXTURE(Written, "encoders of every kind, on batches of other sizes") {
    model::VitShape windows = tiny(), three = tiny(), bias = tiny();
    windows.relative_positions = true;
    windows.window = 3;  // filled up with zeros
    windows.global_blocks = {1};
    three.positions = Positions::rotary;
    three.registers = 4;
    bias.positions = Positions::relative_bias;
    bias.final_norm = false;
    for (const model::VitShape& shape : {tiny(), windows, three, bias}) {
      const auto vit = encoder(shape);
      const train::Script script = {{{"encoder", vit.get()}}, {tokens(vit)}, side, {{"says.json", "{}"}}};
      torch::jit::ExtraFilesMap files = {{"says.json", ""}};
      torch::jit::Module module = read(script, files);
      CHECK(files.at("says.json") == "{}");
      for (const std::int64_t batch : {1, 4, 7}) CHECK(difference(module, script.methods.front(), batch) < 1e-5);
      // The weights are in it under their names, and it is they that are used.
      const at::NoGradGuard no_gradient;
      bool found = false;
      for (const auto& item : module.named_parameters()) {
        if (item.name != "encoder.blocks.1.mlp.fc2.weight") continue;
        found = true;
        at::Tensor(item.value).mul_(3.0);
      }
      REQUIRE(found);
      CHECK(difference(module, script.methods.front(), 4) > 1e-2);
    }
  }

  TEST_CASE_FIXTURE(Written, "an encoder with a decoder that normalises by running statistics") {
    const auto vit = encoder(tiny());
    model::DecoderOptions options;
    options.encoder_dim = 24;
    options.patch_size = 8;
    options.maps = 1;
    options.outputs = 2;
    options.channels = 8;
    options.norm = "bn";
    model::UnetAdapter head(options, /*image_branch=*/true);
    model::initialise(head, 4);
    head.eval();
    const train::ScriptMethod forward = {"forward", [&](const at::Tensor& image) {
                                           EncodeRequest request;
                                           request.image = image;
                                           const at::Tensor patches = vit->encode(request).tokens.narrow(1, 1, 16);
                                           const at::Tensor map = patches.transpose(1, 2).reshape({-1, 24, 4, 4});
                                           return head.forward({map}, image, {});
                                         }};
    const train::ScriptMethod masks = {
        "masks", [&](const at::Tensor& image) { return at::sigmoid(forward.compute(image)).gt(0.5).to(at::kFloat); }};
    torch::jit::Module module = read({{{"encoder", vit.get()}, {"head", &head}}, {forward, masks}, side, {}});
    for (const std::int64_t batch : {1, 6}) CHECK(difference(module, forward, batch) < 1e-5);
    CHECK(difference(module, masks, 6) == 0);
  }

  TEST_CASE_FIXTURE(Written, "what depends on values, or does something else for more images, is refused") {
    const auto refused = [&](const std::function<at::Tensor(const at::Tensor&)>& compute, const char* why) {
      torch::nn::Module nothing;
      train::Script script = {{{"nothing", &nothing}}, {{"forward", compute}}, side, {}};
      CHECK_THROWS_WITH_AS(train::export_torchscript(path() / "no.pt", script), doctest::Contains(why),
                           train::CheckpointError);
      CHECK_FALSE(std::filesystem::exists(path() / "no.pt"));
    };
    refused([](const at::Tensor& x) { return x * x.flatten()[1].item<double>() * x.size(0); },
            "differs from the network");
    refused([](const at::Tensor& x) { return x.size(0) > 2 ? x + 1 : x; }, "depends on the number of images");
    refused(
        [](const at::Tensor& x) {
          return x.sum({1, 2, 3}).reshape({1, -1}) + at::arange(x.size(0) + 1).sum();
        },
        "becomes 4 for 3");
  }
}
