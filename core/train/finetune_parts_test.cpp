#include "train/finetune_parts.hpp"

#include "experiment/downstream.hpp"
#include "model/weights.hpp"
#include "support/plugins.hpp"
#include "train/safetensors.hpp"
#include "train/trained_model.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

using namespace vaso;
using namespace vaso::train;

namespace {

constexpr const char* good = R"([model]
encoder = "vit_ti"
dim = 24
depth = 2
heads = 2
patch_size = 16
[downstream.vessels]
dataset = "phantom"
head = "vessel_segmentation"
init = "scratch"
image_size = 64
batch_size = 4
[downstream.vessels.phantom]
count = 40
size = 64
[downstream.vessels.vessel_segmentation]
decoder = "linear"
)";

std::string with(const std::string& from, const std::string& to) {
  std::string text = good;
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

struct Fitted {
  config::Node cell;
  std::vector<config::Diagnostic> faults;
  FinetuneParts parts;
  explicit Fitted(const std::string& text, bool has_encoder = false)
      : cell(experiment::with_task(config::parse(text, "x.toml"), "vessels")),
        parts(fit_finetune(cell, tests::plugin_host(), has_encoder, faults)) {}
};

std::vector<std::string> trained_names(const FinetuneNetwork& network) {
  std::vector<std::string> names;
  for (const NamedParameter& parameter : network.groups()) names.push_back(parameter.name);
  return names;
}

bool any_starts_with(const std::vector<std::string>& names, const std::string& prefix) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return name.starts_with(prefix); });
}

Bag copies(const Bag& bag) {
  Bag copy;
  for (const auto& [name, tensor] : bag) copy[name] = tensor.detach().clone();
  return copy;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a good task has no fault, and its images are divided by patient") {
    const Fitted fitted(good);
    for (const auto& fault : fitted.faults) FAIL_CHECK(config::render(fault, false));
    const FinetuneParts& parts = fitted.parts;
    CHECK(parts.test.size() == 8);        // a fifth
    CHECK(parts.validation.size() == 5);  // 15 % of the rest
    CHECK(parts.train.size() == 27);
    std::set<std::int64_t> all(parts.train.begin(), parts.train.end());
    all.insert(parts.validation.begin(), parts.validation.end());
    all.insert(parts.test.begin(), parts.test.end());
    CHECK(all.size() == 40);
    CHECK(parts.batches_per_epoch() == 6);
    CHECK(parts.uses_encoder());
    CHECK_FALSE(parts.wants_pretrained());
  }

  TEST_CASE("fractions of the labels: smaller ones within larger ones, test images untouched") {
    const Fitted whole(good), half(with("batch_size = 4", "batch_size = 4\nlabel_fraction = 0.5")),
        tenth(with("batch_size = 4", "batch_size = 4\nlabel_fraction = 0.1"));
    CHECK(half.parts.train.size() == 14);
    CHECK(tenth.parts.train.size() == 3);
    CHECK(half.parts.test == whole.parts.test);
    CHECK(half.parts.validation == whole.parts.validation);
    CHECK(std::includes(half.parts.train.begin(), half.parts.train.end(), tenth.parts.train.begin(),
                        tenth.parts.train.end()));
    const Fitted other(with("batch_size = 4", "batch_size = 4\nlabel_fraction = 0.5\nsplit_seed = 1"));
    CHECK(other.parts.train != half.parts.train);
  }

  TEST_CASE("every fault is named with the line that caused it") {
    struct Case {
      std::string from, to, what;
      int line;
    };
    const Case cases[] = {
        {"image_size = 64", "image_size = 70", "cannot be cut into patches", 11},
        {"batch_size = 4", "batch_sise = 4", "batch_sise", 12},
        {"batch_size = 4", "epochs = 0", "epochs", 12},
        {"dataset = \"phantom\"", "dataset = \"fantom\"", "dataset.fantom", 8},
        {"head = \"vessel_segmentation\"\n", "", "names no head", 7},
        {"head = \"vessel_segmentation\"", "head = \"segment_segmentation\"", "`labels` does not fit", 9},
        {"head = \"vessel_segmentation\"", "head = \"stenosis_detection\"", "has no boxes", 8},
        {"init = \"scratch\"", "init = \"pretrained\"", "no encoder to start from", 9},
        {"init = \"scratch\"", "init = \"scratch\"\nweights = \"x.toml\"", "weights", 11},
        {"batch_size = 4", "global_blocks = [0]", "without a window", 12},
        {"batch_size = 4", "window = 2\nglobal_blocks = [2]", "there is no block 2", 13},
        {"batch_size = 4", "select = 'dise'", "no metric `dise`", 9},
        {"count = 40", "cuont = 40", "cuont", 14},
        {"decoder = \"linear\"", "decoder = \"linea\"", "decoder", 17},
        {"[downstream.vessels.phantom]", "[downstream.vessels.augment]\nflipp = 1\n[downstream.vessels.phantom]",
         "flipp", 14},
        {"[downstream.vessels.phantom]", "[downstream.vessels.arcade]\nrooot = 1\n[downstream.vessels.phantom]",
         "rooot", 14},
    };
    for (const Case& c : cases) {
      CAPTURE(c.to);
      const Fitted fitted(with(c.from, c.to));
      REQUIRE_FALSE(fitted.faults.empty());
      bool found = false;
      for (const auto& fault : fitted.faults) {
        const bool named = (fault.what + fault.why).find(c.what) != std::string::npos;
        found = found || (named && fault.where.line == c.line);
      }
      std::string all;
      for (const auto& fault : fitted.faults) all += config::render(fault, false) + "\n";
      CHECK_MESSAGE(found, all);
    }
  }

  TEST_CASE("what is trained: all of the encoder, nothing of it, or low-rank additions") {
    const auto names_with = [](const std::string& setting) {
      const Fitted fitted(with("batch_size = 4", setting));
      REQUIRE(fitted.faults.empty());
      FinetuneNetwork network(fitted.parts.recipe, *fitted.parts.head, fitted.parts.labels);
      network.start("");
      return trained_names(network);
    };
    const auto full = names_with("tune = 'full'"), frozen = names_with("tune = 'frozen'"),
               lora = names_with("tune = 'lora'\nlora_rank = 2\nlora_targets = ['qkv']");
    CHECK(any_starts_with(full, "encoder.pos_embed"));
    CHECK(any_starts_with(full, "encoder.blocks.1.mlp"));
    CHECK_FALSE(any_starts_with(frozen, "encoder."));
    CHECK(any_starts_with(frozen, "head."));
    std::size_t added = 0;
    for (const std::string& name : lora) {
      if (!name.starts_with("encoder.")) continue;
      CHECK(name.find("attn.qkv.lora") != std::string::npos);
      ++added;
    }
    CHECK(added == 4);  // two factors in each of two blocks
  }

  TEST_CASE("layer-wise learning rates and weight decay") {
    const Fitted fitted(with("batch_size = 4", "layer_decay = 0.5"));
    FinetuneNetwork network(fitted.parts.recipe, *fitted.parts.head, fitted.parts.labels);
    network.start("");
    std::map<std::string, NamedParameter> by_name;
    for (const NamedParameter& parameter : network.groups()) by_name.emplace(parameter.name, parameter);
    CHECK(by_name.at("encoder.patch_embed.proj.weight").lr_scale == doctest::Approx(0.125));  // 0.5³
    CHECK(by_name.at("encoder.pos_embed").lr_scale == doctest::Approx(0.125));
    CHECK(by_name.at("encoder.blocks.0.attn.qkv.weight").lr_scale == doctest::Approx(0.25));
    CHECK(by_name.at("encoder.blocks.1.attn.qkv.weight").lr_scale == doctest::Approx(0.5));
    CHECK(by_name.at("encoder.norm.weight").lr_scale == doctest::Approx(1));
    for (const auto& [name, parameter] : by_name) {
      if (name.starts_with("head.")) CHECK(parameter.lr_scale == 1);
    }
    CHECK(by_name.at("encoder.blocks.0.attn.qkv.weight").decay);
    CHECK_FALSE(by_name.at("encoder.blocks.0.attn.qkv.bias").decay);
    CHECK_FALSE(by_name.at("encoder.pos_embed").decay);
    CHECK_FALSE(by_name.at("encoder.cls_token").decay);
  }

  TEST_CASE("a pre-trained encoder is loaded at another input and patch size") {
    const tests::TemporaryFolder folder;
    model::VitShape shape;
    shape.image_size = 64;
    shape.patch_size = 16;
    shape.dim = 24;
    shape.depth = 2;
    shape.heads = 2;
    model::Vit pretrained(shape);
    model::initialise(pretrained, 99);
    const auto file = folder.path() / "encoder.safetensors";
    write_safetensors(file, {model::weights(pretrained), {}});

    const Fitted fitted(with("image_size = 64", "image_size = 96\npatch_size = 8"));
    REQUIRE(fitted.faults.empty());
    FinetuneNetwork network(fitted.parts.recipe, *fitted.parts.head, fitted.parts.labels);
    const std::string said = network.start(file);
    CHECK(said.find("pos_embed") != std::string::npos);
    const Bag state = network.state();
    CHECK(state.at("encoder.blocks.1.mlp.fc1.weight").equal(model::weights(pretrained).at("blocks.1.mlp.fc1.weight")));
    CHECK(state.at("encoder.pos_embed").size(1) == 1 + 12 * 12);
    CHECK(state.at("encoder.patch_embed.proj.weight").size(-1) == 8);
    CHECK_THROWS_AS(network.start(folder.path() / "missing.safetensors"), CheckpointError);
  }

  TEST_CASE("a saved model is made again from its file alone, and answers the same") {
    for (const char* setting : {"tune = 'full'", "tune = 'lora'"}) {
      CAPTURE(setting);
      const tests::TemporaryFolder folder;
      const Fitted fitted(with("batch_size = 4", setting));
      FinetuneNetwork network(fitted.parts.recipe, *fitted.parts.head, fitted.parts.labels);
      network.start("");
      for (NamedParameter& parameter : network.groups()) {
        const at::NoGradGuard no_gradient;
        parameter.tensor.add_(0.01);
      }
      network.train(false);
      const at::Tensor image = at::linspace(-1, 1, 3 * 64 * 64).view({1, 3, 64, 64});
      const at::NoGradGuard no_gradient;
      const at::Tensor trained = fitted.parts.head->logits(network.view(), image);
      network.merge_low_rank();
      const at::Tensor merged = fitted.parts.head->logits(network.view(), image);
      CHECK(at::allclose(merged, trained, 1e-4, 1e-4));
      const auto file = folder.path() / "model.safetensors";
      save_model(file, fitted.cell, fitted.parts, network);
      for (const auto& [name, tensor] : read_safetensors(file).tensors) CHECK(name.find("lora") == std::string::npos);

      TrainedModel model(file, tests::plugin_host());
      CHECK(model.labels() == std::vector<std::string>{"vessel"});
      model.network().train(false);
      CHECK(model.head().logits(model.network().view(), image).equal(merged));
    }
  }

  TEST_CASE("a file that is no model is refused") {
    const tests::TemporaryFolder folder;
    const auto file = folder.path() / "encoder.safetensors";
    write_safetensors(file, {{{"x", at::zeros({1})}}, {{"format", "vasolab-encoder-1"}}});
    CHECK_THROWS_WITH_AS(TrainedModel(file, tests::plugin_host()),
                         doctest::Contains("only vasolab-model-1 can be applied"), CheckpointError);
  }

  TEST_CASE("weights survive a change of state") {
    const Fitted fitted(good);
    FinetuneNetwork a(fitted.parts.recipe, *fitted.parts.head, fitted.parts.labels),
        b(fitted.parts.recipe, *fitted.parts.head, fitted.parts.labels);
    a.start("");
    b.set_state(copies(a.state()));
    const Bag of_a = a.state(), of_b = b.state();
    REQUIRE(of_a.size() == of_b.size());
    for (const auto& [name, tensor] : of_a) CHECK(tensor.equal(of_b.at(name)));
    Bag more = copies(a.state());
    more["encoder.blocks.0.attn.qkv.lora_a"] = at::zeros({1});  // not merged: without it, the network answers otherwise
    CHECK_THROWS_WITH_AS(b.set_state(more), doctest::Contains("belong to no layer"), model::WeightError);
  }
}
