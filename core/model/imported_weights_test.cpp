// Encoders imported from checkpoints of others give what the network that they were saved from gave.
#include "model/resize_weights.hpp"
#include "support/paths.hpp"
#include "train/safetensors.hpp"
#include "weights/import.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

using namespace vaso;

namespace {

namespace fs = std::filesystem;
using model::Positions;

// Width 24, two blocks of two heads, 4×4 patches of 8 px: what test_checkpoints.py makes.
model::VitShape tiny() {
  model::VitShape shape;
  shape.image_size = 32;
  shape.patch_size = 8;
  shape.dim = 24;
  shape.depth = 2;
  shape.heads = 2;
  return shape;
}

Bag imported(const fs::path& source, const fs::path& folder) {
  const fs::path encoder = folder / "encoder.safetensors";
  const weights::WeightFile file = weights::open_weights(source);
  weights::PlanOptions options;
  options.heads = 2;
  weights::write_encoder(weights::plan_encoder(file, options), file, encoder);
  return train::read_safetensors(encoder).tensors;
}

at::Tensor tokens_of(model::Vit& vit, const at::Tensor& image) {
  vit.eval();
  EncodeRequest request;
  request.image = image;
  return vit.encode(request).tokens;
}

// Encoders whose architecture differs from MAE's, with the keys of the released files.
struct Foreign {
  const char* file;
  model::VitShape shape;
};

model::VitShape dinov3() {
  model::VitShape shape = tiny();
  shape.positions = Positions::rotary;
  shape.registers = 4;
  shape.norm_eps = 1e-5;
  return shape;
}

// As Segment Anything, from which LVM-Med starts.
model::VitShape lvm_med(bool positions) {
  model::VitShape shape = tiny();
  shape.positions = positions ? Positions::table : Positions::none;
  shape.relative_positions = true;
  shape.window = 2;
  shape.global_blocks = {1};
  shape.final_norm = false;
  return shape;
}

std::vector<Foreign> foreign() {
  model::VitShape registers = tiny(), bias = tiny(), no_class_token = tiny();
  registers.registers = 4;
  bias.positions = Positions::relative_bias;
  no_class_token.class_token = false;
  return {{"dinov2_reg.pth", registers},       {"dinov3.pth", dinov3()},
          {"dinov3_hf.safetensors", dinov3()}, {"dinov3_timm.safetensors", dinov3()},
          {"meddinov3.pth", dinov3()},         {"lvm_med.pth", lvm_med(false)},
          {"sam.pth", lvm_med(true)},          {"simmim.pth", bias},
          {"rad_dino.safetensors", tiny()},    {"ijepa.pth", no_class_token},
          {"chexworld.pth", no_class_token}};
}

// Images of two sizes beside the files: what an encoder gives for the second one where it is made for that size, whose
// grid is a window of LVM-Med.
void check_foreign(const Foreign& each, const fs::path& folder, const fs::path& scratch) {
  INFO(std::string(each.file));
  const bool old = std::string(each.file).starts_with("ijepa") || std::string(each.file).starts_with("chexworld");
  const Bag images = train::read_safetensors(folder / (old ? "image.safetensors" : "foreign.safetensors")).tensors;
  const fs::path stem = fs::path(each.file).stem();
  const Bag answers = train::read_safetensors(folder / (stem.string() + ".out.safetensors")).tensors;
  const Bag tensors = imported(folder / each.file, scratch);
  for (const auto& [kind, expected] : answers) {
    CAPTURE(kind);
    model::VitShape shape = each.shape;
    if (kind == "small") {
      shape.image_size = 16;
      shape.window = 0;
      shape.global_blocks = {};
    }
    model::Vit vit(shape);
    const model::LoadReport report = model::load_encoder(vit, tensors);
    CHECK(report.missing.empty());
    CHECK(report.unexpected.empty());
    CHECK(report.resized.size() == (kind == "small" && shape.relative_positions ? 2 : 0));
    const at::Tensor tokens = tokens_of(vit, images.at(kind == "tokens" ? "image" : kind));
    REQUIRE(tokens.sizes() == expected.sizes());
    CHECK((tokens - expected).abs().max().item<double>() < 1e-5);
  }
}

std::string fault_of(const model::VitShape& shape, const Bag& tensors) {
  model::Vit vit(shape);
  try {
    model::load_encoder(vit, tensors);
    return "";
  } catch (const model::WeightError& error) {
    return error.what();
  }
}

#define CHECK_SAYS(text, part)                   \
  do {                                           \
    const std::string said = text;               \
    INFO(said);                                  \
    CHECK(said.find(part) != std::string::npos); \
  } while (false)

const fs::path samples() { return tests::source_dir() / "registry/weights/testdata"; }

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("DINOv3, MedDINOv3, LVM-Med and RAD-DINO give what PyTorch gave") {
    const at::NoGradGuard no_gradient;
    const tests::TemporaryFolder scratch;
    std::size_t count = 0;
    for (const Foreign& each : foreign()) {
      if (!fs::exists(samples() / each.file)) continue;
      check_foreign(each, samples(), scratch.path());
      ++count;
    }
    CHECK(count == 4);
  }

  TEST_CASE("an encoder that lacks what the file has, or has what it lacks, is refused with the setting that helps") {
    const tests::TemporaryFolder scratch;
    const Bag three = imported(samples() / "dinov3.pth", scratch.path());
    CHECK_SAYS(fault_of(tiny(), three), "set model.positions = \"rotary\"");
    CHECK_SAYS(fault_of(tiny(), three), "set model.registers");
    CHECK_SAYS(fault_of(tiny(), three), "pos_embed: missing");
    model::VitShape fewer = dinov3();
    fewer.registers = 2;
    CHECK_SAYS(fault_of(fewer, three), "register_tokens: the encoder has 1×2×24, the weights have 1×4×24");
    const Bag lvm = imported(samples() / "lvm_med.pth", scratch.path());
    model::VitShape shape = lvm_med(false);
    shape.final_norm = true;
    CHECK_SAYS(fault_of(shape, lvm), "model.final_norm = false");
    shape = tiny();
    shape.positions = Positions::none;
    CHECK_SAYS(fault_of(shape, lvm), "relative_positions = true");
    CHECK_SAYS(fault_of(shape, lvm), "model.class_token = false");
    CHECK_SAYS(fault_of(shape, imported(samples() / "rad_dino.safetensors", scratch.path())),
               "model.positions = \"table\"");
  }

  TEST_CASE("rotary positions: patches that are kept are turned by their own places") {
    const at::NoGradGuard no_gradient;
    const tests::TemporaryFolder scratch;
    model::Vit vit(dinov3());
    model::load_encoder(vit, imported(samples() / "dinov3.pth", scratch.path()));
    EncodeRequest request;
    request.image = train::read_safetensors(samples() / "foreign.safetensors").tensors.at("image");
    vit.eval();
    request.keep = at::arange(16).unsqueeze(0);
    const at::Tensor all = vit.encode(request).tokens;
    CHECK((all - tokens_of(vit, request.image)).abs().max().item<double>() == 0);
    request.keep = at::arange(15, -1, -1).unsqueeze(0);  // the same patches in another order
    const at::Tensor turned = vit.encode(request).tokens;
    CHECK((turned.slice(1, 5).flip(1) - all.slice(1, 5)).abs().max().item<double>() < 1e-5);
    CHECK((turned.slice(1, 0, 5) - all.slice(1, 0, 5)).abs().max().item<double>() < 1e-5);
    request.keep = at::tensor({3, 9}, at::kLong).unsqueeze(0);
    CHECK(vit.encode(request).tokens.size(1) == 5 + 2);
  }
}

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
    const model::VitShape shape = tiny();
    const at::NoGradGuard no_gradient;
    for (const char* name :
         {"mae.pth", "mae_legacy.pth", "strided.pth", "half.pth", "bfloat.pth", "dino.pth", "no_embed_class.pth",
          "simmim_plain.pth", "dinov2.pth", "dinov2_chunks.pth", "vit_hf.safetensors", "dinov2_hf.safetensors"}) {
      CAPTURE(name);
      const auto source = folder.path() / name;
      const Bag tensors = imported(source, folder.path());
      model::Vit vit(shape);
      const model::LoadReport report = model::load_encoder(vit, tensors);
      CHECK(report.missing.empty());
      CHECK(report.resized.empty());
      CHECK(report.unexpected.empty());
      const auto answer = folder.path() / (source.stem().string() + ".out.safetensors");
      const at::Tensor expected = train::read_safetensors(answer).tensors.at("tokens");
      const at::Tensor tokens = tokens_of(vit, image);
      REQUIRE(tokens.sizes() == expected.sizes());
      CHECK((tokens - expected).abs().max().item<double>() < 1e-5);
    }
    for (const Foreign& each : foreign()) check_foreign(each, folder.path(), folder.path());
  }
}
