#include "weights/import.hpp"

#include "test_files.hpp"
#include "weights/writers.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <sstream>

namespace fs = std::filesystem;

using namespace vaso;
using namespace vaso::weights;

namespace {

using Floats = std::vector<float>;

// A network of width 4 with one block, 2×2 patches of 2 px, names of timm: changed by a test, written, planned.
struct Network : tests::TemporaryFolder {
  std::map<std::string, std::pair<Shape, Floats>> tensors;
  std::map<std::string, std::string> metadata;

  Network() {
    put("cls_token", {1, 1, 4});
    put("pos_embed", {1, 5, 4});
    put("patch_embed.proj.weight", {4, 3, 2, 2});
    put("patch_embed.proj.bias", {4});
    for (const char* norm : {"norm", "blocks.0.norm1", "blocks.0.norm2"}) {
      put(fmt::format("{}.weight", norm), {4});
      put(fmt::format("{}.bias", norm), {4});
    }
    linear("blocks.0.attn.qkv", 12, 4);
    linear("blocks.0.attn.proj", 4, 4);
    linear("blocks.0.mlp.fc1", 16, 4);
    linear("blocks.0.mlp.fc2", 4, 16);
  }
  // Every value differs from every other.
  void put(const std::string& name, const Shape& shape) {
    Floats values(static_cast<std::size_t>(*element_count(shape)));
    for (float& value : values) value = next_++;
    tensors[name] = {shape, values};
  }
  void linear(const std::string& name, std::int64_t out, std::int64_t in) {
    put(name + ".weight", {out, in});
    put(name + ".bias", {out});
  }
  WeightFile file() const {
    std::vector<NamedValues> all;
    for (const auto& [name, content] : tensors)
      all.push_back({name, content.first, [&values = content.second] { return values; }});
    write_safetensors(path() / "source.safetensors", all, metadata);
    return open_weights(path() / "source.safetensors");
  }
  std::string refusal(PlanOptions options = {}) const {
    if (options.heads == 0) options.heads = 2;
    const WeightFile opened = file();
    try {
      write_encoder(plan_encoder(opened, options), opened, path() / "out.safetensors");
      return "";
    } catch (const WeightFileError& error) {
      return error.what();
    }
  }
  // The encoder that comes out, by name.
  std::map<std::string, Floats> imported(PlanOptions options = {}) const {
    if (options.heads == 0) options.heads = 2;
    const WeightFile opened = file();
    write_encoder(plan_encoder(opened, options), opened, path() / "out.safetensors");
    std::map<std::string, Floats> values;
    for (const Tensor& tensor : open_weights(path() / "out.safetensors").tensors)
      values[tensor.name] = to_floats(tensor);
    return values;
  }

 private:
  float next_ = 1;
};

#define CHECK_SAYS(text, part)                   \
  do {                                           \
    const std::string said = text;               \
    INFO(said);                                  \
    CHECK(said.find(part) != std::string::npos); \
  } while (false)

// What released models look like, made by PyTorch: the checkpoints of test_checkpoints.py.
struct Checkpoints : tests::TemporaryFolder {
  static constexpr const char* python = "/usr/bin/python3";
  std::string script = (tests::source_dir() / "registry/weights/test_checkpoints.py").string();

  bool make() const {
    if (std::system(fmt::format("{} -c 'import torch' 2>/dev/null", python).c_str()) != 0) {
      MESSAGE("skipped: ", python, " has no torch (python3-torch)");
      return false;
    }
    REQUIRE(std::system(fmt::format("{} {} make {}", python, script, path().string()).c_str()) == 0);
    return true;
  }
  // What the script's verb prints, a name and a difference a line: how many, and none above 1e-5.
  void check_differences(const std::string& verb, const std::string& arguments, std::size_t expected) const {
    const fs::path answers = path() / "answers";
    const std::string command =
        fmt::format("{} {} {} {}{} > {}", python, script, verb, path().string(), arguments, answers.string());
    REQUIRE(std::system(command.c_str()) == 0);
    std::istringstream lines(content_of(answers));
    std::string name;
    double difference = 0;
    std::size_t count = 0;
    for (; lines >> name >> difference; ++count) CHECK_MESSAGE(difference < 1e-5, name << " differs by " << difference);
    CHECK(count == expected);
  }
  fs::path file(const std::string& name) const {
    const fs::path torch = path() / (name + ".pth");
    return fs::exists(torch) ? torch : path() / (name + ".safetensors");
  }
};

EncoderPlan planned(const WeightFile& file, bool allow_missing = true) {
  PlanOptions options;
  options.heads = 2;
  options.allow_missing = allow_missing;
  return plan_encoder(file, options);
}

struct Expected {
  const char *name, *source, *place;
  std::size_t taken, changed, dropped;
  bool class_token = true;
};

// Thirty tensors in our encoder of two blocks; LayerScale changes four of a block.
constexpr Expected expected[] = {
    {"mae", "MAE, AMT or another with MAE's keys", "model", 30, 0, 20},
    {"mae_legacy", "MAE, AMT or another with MAE's keys", "model", 30, 0, 20},
    {"strided", "MAE, AMT or another with MAE's keys", "model", 30, 0, 20},
    {"vasomim", "VasoMIM", "model", 30, 0, 21},
    {"hpm", "HPM", "model", 30, 0, 20},
    {"half", "ViT with timm's keys", "the file", 30, 0, 0},
    {"bfloat", "ViT with timm's keys", "the file", 30, 0, 0},
    {"parameters", "ViT with timm's keys", "the file", 30, 0, 0},
    {"no_embed_class", "ViT with timm's keys", "the file", 29, 1, 0},
    {"dino", "DINO", "teacher: backbone.", 30, 0, 0},
    {"ibot", "iBOT", "state_dict", 30, 0, 1},
    {"mocov3", "MoCo v3", "state_dict: module.base_encoder.", 30, 0, 1},
    {"ijepa", "I-JEPA", "target_encoder: module.", 29, 0, 0, false},
    {"chexworld", "CheXWorld", "model: target_encoder.", 29, 0, 0, false},
    {"simmim_plain", "SimMIM", "model: encoder.", 20, 10, 1},
    {"dinov2", "DINOv2 or RAD-DINO", "the file", 22, 8, 1},
    {"dinov2_chunks", "DINOv2 or RAD-DINO", "the file", 22, 8, 1},
    {"vit_hf", "ViT (transformers)", "the file", 26, 4, 2},
    {"dinov2_hf", "DINOv2 or RAD-DINO (transformers)", "the file", 18, 12, 1},
};

// Further ones: what [model] of an experiment says of them, and what is said when they are exported to timm.
struct Foreign {
  const char *name, *source, *traits;
  std::size_t taken, changed, dropped;
  const char* timm;
};
constexpr const char *no_network = "timm has no network for this encoder",
                     *rounded_periods = "model.rope.periods.copy_(model.rope.periods.bfloat16())";
constexpr Foreign foreign[] = {
    {"dinov2_reg", "DINOv2 with registers", "registers = 4", 23, 8, 1, "reg_tokens=4, no_embed_class=True"},
    {"dinov3", "DINOv3", "registers = 4, positions = \"rotary\", norm_eps = 1e-05", 21, 10, 1, rounded_periods},
    {"dinov3_hf", "DINOv3 (transformers)", "registers = 4, positions = \"rotary\", norm_eps = 1e-05", 18, 13, 1,
     "Eva("},
    {"dinov3_timm", "DINOv3 (timm)", "registers = 4, positions = \"rotary\", norm_eps = 1e-05", 20, 11, 0, "eps=1e-05"},
    {"meddinov3", "MedDINOv3", "registers = 4, positions = \"rotary\", norm_eps = 1e-05", 21, 10, 1, rounded_periods},
    {"lvm_med", "LVM-Med or SAM", "positions = \"none\", final_norm = false", 30, 0, 0, no_network},
    {"sam", "LVM-Med or SAM", "final_norm = false", 30, 1, 1, no_network},
    {"simmim", "SimMIM", "positions = \"relative_bias\"", 21, 10, 2, "Beit("},
};

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE_FIXTURE(Network, "a network with timm's names is taken as it is") {
    const auto values = imported();
    CHECK(values.size() == tensors.size());
    for (const auto& [name, content] : tensors) CHECK_MESSAGE(values.at(name) == content.second, name);
    const WeightFile out = open_weights(path() / "out.safetensors");
    CHECK(out.metadata.at("format") == "vasolab-encoder-1");
    CHECK(out.metadata.at("image_size") == "4");
    CHECK(out.metadata.at("patch_size") == "2");
    CHECK(out.metadata.at("heads") == "2");
  }

  TEST_CASE_FIXTURE(Network, "LayerScale multiplies the rows of the weights before it") {
    tensors["blocks.0.ls1.gamma"] = {{4}, {2, 3, 5, 7}};
    const auto values = imported();
    const Floats &weight = tensors["blocks.0.attn.proj.weight"].second,
                 &bias = tensors["blocks.0.attn.proj.bias"].second;
    const Floats gamma = {2, 3, 5, 7};
    for (std::size_t i = 0; i < 16; ++i) CHECK(values.at("blocks.0.attn.proj.weight")[i] == weight[i] * gamma[i / 4]);
    for (std::size_t i = 0; i < 4; ++i) CHECK(values.at("blocks.0.attn.proj.bias")[i] == bias[i] * gamma[i]);
    CHECK(values.at("blocks.0.mlp.fc2.weight") == tensors["blocks.0.mlp.fc2.weight"].second);
  }

  TEST_CASE_FIXTURE(Network, "biases of query and value alone leave zeros for the key; no bias at all is zeros") {
    tensors.erase("blocks.0.attn.qkv.bias");
    CHECK(imported().at("blocks.0.attn.qkv.bias") == Floats(12, 0.0f));
    tensors["blocks.0.attn.q_bias"] = {{4}, {1, 2, 3, 4}};
    tensors["blocks.0.attn.v_bias"] = {{4}, {5, 6, 7, 8}};
    CHECK(imported().at("blocks.0.attn.qkv.bias") == Floats{1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8});
  }

  TEST_CASE_FIXTURE(Network, "what is missing is refused, or filled where that is allowed") {
    tensors.erase("cls_token");
    tensors["pos_embed"] = {{1, 4, 4}, Floats(16, 3.0f)};
    CHECK(imported().at("pos_embed") == Floats(16, 3.0f));  // an encoder without class token
    CHECK(imported().count("cls_token") == 0);
    PlanOptions allowed;
    allowed.allow_missing = true;
    const auto values = imported(allowed);
    Floats positions(20, 3.0f);
    std::fill_n(positions.begin(), 4, 0.0f);
    CHECK(values.at("pos_embed") == positions);
    CHECK(values.at("cls_token") == imported(allowed).at("cls_token"));
    for (const float value : values.at("cls_token")) CHECK(std::abs(value) < 0.1f);
    CHECK(std::set<float>(values.at("cls_token").begin(), values.at("cls_token").end()).size() == 4);

    tensors.erase("norm.weight");
    CHECK_SAYS(refusal(), "lacks norm.weight");
    CHECK_SAYS(refusal(), "--allow-missing");
    CHECK(imported(allowed).at("norm.weight") == Floats(4, 1.0f));
    tensors.erase("blocks.0.norm1.weight");  // never filled
    CHECK_SAYS(refusal(allowed), "blocks.0.norm1.weight: missing");
  }

  TEST_CASE_FIXTURE(Network, "networks that are another's are refused with what differs") {
    PlanOptions options;
    options.architecture = "vit_b_16";
    CHECK_SAYS(refusal(options), "holds ViT 4/1/2 (dim/depth/heads), patch 2, not vit_b_16");
    options.architecture = "vit_b";
    CHECK_SAYS(refusal(options), "there is no architecture vit_b");
    options = {};
    options.heads = 3;
    CHECK_SAYS(refusal(options), "cannot be split over 3 heads");
    CHECK_THROWS_WITH_AS(plan_encoder(file()), doctest::Contains("say --heads"), WeightFileError);
    options = {};
    options.part = "student";
    CHECK_SAYS(refusal(options), "it has them at \"the file\"");
    const auto with = [&](const std::string& name, const Shape& shape) {
      Network changed = Network();
      changed.put(name, shape);
      return changed.refusal();
    };
    CHECK_SAYS(with("blocks.0.mlp.fc1.weight", {12, 4}), "12 values inside the MLP");
    CHECK_SAYS(with("blocks.0.attn.proj.weight", {4, 3}), "4×3, and 4×4 was expected");
    CHECK_SAYS(with("patch_embed.proj.weight", {4, 1, 2, 2}), "1 channels");
    CHECK_SAYS(with("pos_embed", {1, 7, 4}), "no square");
    CHECK_SAYS(with("blocks.0.attn.gate", {4}), "a part of a block that is not known here");
    CHECK_SAYS(with("blocks.2.norm1.weight", {4}), "before it are missing");
    CHECK_SAYS(with("dist_token", {1, 1, 4}), "distillation token");
    CHECK_SAYS(with("blocks.0.attn.qkv.lora_a", {1, 4}), "not merged");
    tensors["norm.bias"].second[2] = std::numeric_limits<float>::quiet_NaN();
    CHECK_SAYS(refusal(), "norm.bias holds NaN");
    CHECK_FALSE(fs::exists(path() / "out.safetensors"));
    tensors.erase("patch_embed.proj.weight");
    CHECK_SAYS(refusal(), "holds no vision transformer");
  }

  TEST_CASE_FIXTURE(Network, "our own files keep what they say of themselves") {
    metadata = {{"format", "vasolab-encoder-1"}, {"image_size", "4"}, {"patch_size", "2"}, {"heads", "4"}};
    const WeightFile opened = file();
    const EncoderPlan plan = plan_encoder(opened);
    CHECK(plan.source == "VasoLab encoder");
    CHECK(plan.shape.heads == 4);
    write_encoder(plan, opened, path() / "out.safetensors");
    CHECK(content_of(path() / "out.safetensors") == content_of(path() / "source.safetensors"));
    metadata["format"] = "vasolab-checkpoint-1";  // the student, not the teacher that stands beside it
    for (const auto& [name, content] : std::map(tensors)) tensors["teacher." + name] = content;
    CHECK(plan_encoder(file()).encoder.prefix.empty());
  }

  TEST_CASE_FIXTURE(Network, "timm's networks: what is no table of positions, another epsilon, no class token") {
    const auto exported = [&] {
      PlanOptions options;
      options.heads = 1;
      const WeightFile opened = file();
      return export_encoder(plan_encoder(opened, options), opened, Layout::timm, path() / "timm.safetensors").loading;
    };
    CHECK_SAYS(exported(), "timm.create_model(NAME");
    metadata["norm_eps"] = "1e-5";
    CHECK_SAYS(exported(),
               "timm.models.VisionTransformer(img_size=4, patch_size=2, embed_dim=4, depth=1, num_heads=1, "
               "num_classes=0, norm_layer=functools.partial(torch.nn.LayerNorm, eps=1e-05))");
    tensors.erase("cls_token");
    tensors["pos_embed"] = {{1, 4, 4}, Floats(16, 1.0f)};
    CHECK_SAYS(exported(), "class_token=False, global_pool=\"avg\", fc_norm=False");
    // Rotary positions are computed by timm: periods of one's own would be lost.
    tensors.erase("pos_embed");
    tensors["rope_embed.periods"] = {{1}, {1}};
    CHECK_SAYS(exported(), "timm.models.Eva(");
    tensors["rope_embed.periods"] = {{1}, {1.5}};
    CHECK_THROWS_WITH_AS(exported(), doctest::Contains("other periods"), WeightFileError);
  }

  TEST_CASE("architectures by name") {
    CHECK(named_architecture("vit_b_16")->dim == 768);
    CHECK(named_architecture("vit_ti_8")->patch == 8);
    for (const char* none : {"vit_b", "vit_b_", "vit_b_0", "vit_x_16", "vit_b_16x", "vit_bb_16"})
      CHECK_FALSE(named_architecture(none));
    CHECK(architecture_name(*named_architecture("vit_h_14")) == "vit_h_14");
  }
}

TEST_SUITE("reference") {
  TEST_CASE_FIXTURE(Checkpoints, "released models are recognised, taken, and given back to PyTorch as they were") {
    if (!make()) return;
    std::string exported;
    for (const Expected& each : expected) {
      INFO(std::string(each.name));
      const WeightFile file = open_weights(this->file(each.name));
      const EncoderPlan plan = planned(file, false);
      CHECK(plan.shape.class_token == each.class_token);
      CHECK(plan.source == each.source);
      CHECK(plan.encoder.place() == each.place);
      CHECK(plan.taken.size() == each.taken);
      CHECK(plan.changed.size() == each.changed);
      CHECK(plan.dropped.size() == each.dropped);

      // Import, export in each layout, import again: the same to the bit.
      const std::string stem = (path() / each.name).string();
      write_encoder(plan, file, stem + ".encoder");
      const WeightFile encoder = open_weights(stem + ".encoder");
      const EncoderPlan own = planned(encoder, false);
      const auto tensors_of = [](const fs::path& path) {
        const WeightFile opened = open_weights(path);
        std::map<std::string, Floats> values;
        for (const MadeTensor& made : planned(opened, false).tensors) values[made.name] = made.values(Complaint(path));
        return values;
      };
      const auto values = tensors_of(stem + ".encoder");
      CHECK(values.size() == (each.class_token ? 30 : 29));
      export_encoder(own, encoder, Layout::timm, stem + ".timm.safetensors");
      CHECK(tensors_of(stem + ".timm.safetensors") == values);
      if (!each.class_token) {
        CHECK_THROWS_WITH_AS(export_encoder(own, encoder, Layout::mae, stem + ".mae.pth"),
                             doctest::Contains("class_token = false"), WeightFileError);
        exported += fmt::format(" {0}.timm.safetensors", stem);
        continue;
      }
      export_encoder(own, encoder, Layout::mae, stem + ".mae.pth");
      export_encoder(own, encoder, Layout::huggingface, stem + ".hf");
      CHECK(tensors_of(stem + ".mae.pth") == values);
      CHECK(tensors_of(stem + ".hf/model.safetensors") == values);
      exported += fmt::format(" {0}.timm.safetensors {0}.mae.pth {0}.hf", stem);
    }
    // With its decoder, as MAE's own network.
    const WeightFile mae = open_weights(file("mae"));
    CHECK(export_encoder(planned(mae), mae, Layout::mae, path() / "mae.whole.pth").decoder);
    exported += " " + (path() / "mae.whole.pth").string();

    check_differences("check", exported, 17 * 3 + 2 + 1);
  }

  TEST_CASE_FIXTURE(Checkpoints, "encoders of another architecture are taken with what they are") {
    if (!make()) return;
    std::string exported;
    std::size_t count = 0;
    for (const Foreign& each : foreign) {
      INFO(std::string(each.name));
      const WeightFile file = open_weights(this->file(each.name));
      const EncoderPlan plan = planned(file, false);
      CHECK(plan.source == each.source);
      CHECK(plan.shape.heads == 2);
      CHECK(plan.shape.traits() == each.traits);
      CHECK(plan.taken.size() == each.taken);
      CHECK(plan.changed.size() == each.changed);
      CHECK(plan.dropped.size() == each.dropped);
      write_encoder(plan, file, path() / "encoder.safetensors");
      const WeightFile encoder = open_weights(path() / "encoder.safetensors");
      const EncoderPlan own = planned(encoder, false);  // our own file says the same of itself
      CHECK(own.shape.traits() == each.traits);
      CHECK(own.shape.relative == plan.shape.relative);
      CHECK(own.shape.grid == plan.shape.grid);
      CHECK(own.changed.empty());
      CHECK_THROWS_WITH_AS(export_encoder(own, encoder, Layout::mae, path() / "mae.pth"),
                           doctest::Contains("--to timm"), WeightFileError);

      const std::string stem = (path() / each.name).string() + ".timm";
      if (each.timm == no_network) {
        CHECK_THROWS_WITH_AS(export_encoder(own, encoder, Layout::timm, stem + ".safetensors"),
                             doctest::Contains(no_network), WeightFileError);
        continue;
      }
      const std::string loading = export_encoder(own, encoder, Layout::timm, stem + ".safetensors").loading;
      CHECK_SAYS(loading, each.timm);
      CHECK((loading.find(rounded_periods) != std::string::npos) == (each.timm == rounded_periods));
      std::ofstream(stem + ".py") << loading;
      exported += fmt::format(" {}", each.name);
      ++count;
      const WeightFile again = open_weights(stem + ".safetensors");
      CHECK(planned(again, false).shape.traits() == each.traits);
      CHECK(planned(again, false).shape.grid == plan.shape.grid);
    }
    // The Python that was said to load it makes networks like timm's, and they give what the released ones gave.
    check_differences("check_timm", exported, count);
  }

  TEST_CASE_FIXTURE(Checkpoints, "models that our encoder cannot represent are refused with the reason") {
    if (!make()) return;
    const std::pair<const char*, std::vector<const char*>> refused[] = {
        {"dinov3_gated", {"is DINOv3 (transformers)", "gated MLP"}},
    };
    for (const auto& [name, reasons] : refused) {
      const WeightFile opened = open_weights(file(name));
      for (const char* reason : reasons)
        CHECK_THROWS_WITH_AS(planned(opened), doctest::Contains(reason), WeightFileError);
    }
    PlanOptions student;
    student.heads = 2;
    student.part = "student";
    CHECK(plan_encoder(open_weights(file("dino")), student).encoder.prefix == "module.backbone.");
  }
}
