// Encoders imported from checkpoints of others give what the network that they were saved from gave.
#include "model/resize_weights.hpp"
#include "support/paths.hpp"
#include "train/safetensors.hpp"
#include "weights/import.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>

using namespace vaso;

TEST_SUITE("reference") {
  TEST_CASE("imported encoders give what PyTorch gave: MAE, DINO, SimMIM, DINOv2, transformers; half and bfloat16") {
    const std::string python = "/usr/bin/python3",
                      script = (tests::source_dir() / "registry/weights/test_checkpoints.py").string();
    if (std::system((python + " -c 'import torch' 2>/dev/null").c_str()) != 0) {
      MESSAGE("skipped: ", python, " has no torch (python3-torch)");
      return;
    }
    const tests::TemporaryFolder folder;
    REQUIRE(std::system(fmt::format("{} {} make {}", python, script, folder.path().string()).c_str()) == 0);
    const at::Tensor image = train::read_safetensors(folder.path() / "image.safetensors").tensors.at("image");
    model::VitShape shape;
    shape.image_size = 32;
    shape.patch_size = 8;
    shape.dim = 24;
    shape.depth = 2;
    shape.heads = 2;
    const at::NoGradGuard no_gradient;
    for (const char* name :
         {"mae.pth", "mae_legacy.pth", "strided.pth", "half.pth", "bfloat.pth", "dino.pth", "no_embed_class.pth",
          "simmim_plain.pth", "dinov2.pth", "dinov2_chunks.pth", "vit_hf.safetensors", "dinov2_hf.safetensors"}) {
      CAPTURE(name);
      const auto source = folder.path() / name, imported = folder.path() / "encoder.safetensors";
      const weights::WeightFile file = weights::open_weights(source);
      weights::PlanOptions options;
      options.heads = shape.heads;
      weights::write_encoder(weights::plan_encoder(file, options), file, imported);

      const Bag tensors = train::read_safetensors(imported).tensors;
      model::Vit vit(shape);
      model::load_weights(vit, tensors);  // as model.init_from
      vit.eval();
      EncodeRequest request;
      request.image = image;
      const auto answer = folder.path() / (source.stem().string() + ".out.safetensors");
      const at::Tensor expected = train::read_safetensors(answer).tensors.at("tokens");
      const at::Tensor tokens = vit.encode(request).tokens;
      REQUIRE(tokens.sizes() == expected.sizes());
      CHECK((tokens - expected).abs().max().item<double>() < 1e-5);

      model::Vit task(shape);  // as downstream.NAME.weights
      const model::LoadReport report = model::load_encoder(task, tensors);
      CHECK(report.missing.empty());
      CHECK(report.unexpected.empty());
      CHECK((task.encode(request).tokens - tokens).abs().max().item<double>() == 0);
    }
  }
}
