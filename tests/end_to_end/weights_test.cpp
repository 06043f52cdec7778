// Weights as a user meets them: those of a run go out and come back, and an experiment goes on with them.
#include "laboratory.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace vaso;
using namespace vaso::tests;

namespace {

constexpr const char* encoders_of_others = R"(
seed = 3
threads = 1
phases = ["finetune"]

[model]
encoder = "vit_ti"
dim = 24
depth = 2
heads = 2
image_size = 32
patch_size = 8

[downstream.vessels]
dataset = "phantom"
head = "vessel_segmentation"
weights = "encoder.safetensors"
image_size = 32
epochs = 1
batch_size = 4
pictures = 0
test_pictures = 0
surface_distances = false
phantom.count = 12
phantom.size = 48
vessel_segmentation.decoder = "linear"
)";

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("encoders of another architecture are imported, described by settings, fine-tuned, and given on") {
    const Laboratory lab;
    lab.write("task.toml", encoders_of_others);
    struct Other {
      const char* file;
      std::vector<std::string> settings;  // what [model] and the task need beside the sizes
      const char* help;                   // of the refusal without them; "" where they need nothing
    };
    const Other others[] = {
        {"dinov3.pth",
         {"model.positions=rotary", "model.registers=4", "model.norm_eps=1e-5"},
         "set model.norm_eps = 1e-05"},
        {"lvm_med.pth",
         {"model.positions=none", "model.final_norm=false", "downstream.vessels.relative_positions=true"},
         "relative_positions = true"},
        {"rad_dino.safetensors", {}, ""},
    };
    for (const auto& [file, settings, help] : others) {
      CAPTURE(file);
      const std::string source = (source_dir() / "registry/weights/testdata" / file).string();
      const Ended imported = lab.vaso({"weights", "import", source, "--heads", "2", "--out", "encoder.safetensors"});
      INFO(imported.text());
      REQUIRE(imported.code == 0);
      if (*help != '\0') {
        const Ended refused = lab.vaso({"run", "task.toml"});
        CHECK(refused.code != 0);
        INFO(refused.text());
        CHECK(refused.says(help));
      }
      std::vector<std::string> words = {"run", "task.toml"};
      for (const std::string& setting : settings) {
        words.emplace_back("--set");
        words.push_back(setting);
      }
      const Ended run = lab.vaso(words);
      INFO(run.text());
      REQUIRE(run.code == 0);

      const std::string number = std::to_string(lab.store().all().back().id), out = std::string(file) + ".pt";
      const Ended written = lab.vaso({"weights", "export", number, "--to", "torchscript", "--out", out});
      INFO(written.text());
      REQUIRE(written.code == 0);
      CHECK(written.says("torch.jit.load"));
      const std::string content = lab.read(out);  // a zip of stored entries
      for (const char* part : {"vasolab.json", "\"image_size\": 32", "\"deviation\"", "\"labels\""})
        CHECK(content.find(part) != std::string::npos);
    }
  }

  TEST_CASE("the weights of a run are described, exported, imported again, and started from") {
    const Laboratory lab;
    lab.write("tiny.toml", tiny_experiment());
    const Ended trained = lab.vaso({"run", "tiny.toml"});
    INFO(trained.text());
    REQUIRE(trained.code == 0);
    const runs::Run run = lab.store().all().back();
    REQUIRE(run.phase == "pretrain");
    const std::string number = std::to_string(run.id), encoder = run.folder + "/encoder.safetensors";

    const Ended info = lab.vaso({"weights", "info", encoder});
    INFO(info.text());
    CHECK(info.code == 0);
    for (const char* part : {"VasoLab encoder", "ViT 24/1/2", "(32 px)", "safetensors", "blocks.0.attn.qkv.weight"})
      CHECK(info.says(part));
    CHECK(lab.vaso({"weights", "info", encoder, "--format", "json"}).says("\"heads\": 2"));

    // With the decoder, as MAE's own checkpoint, and the encoder in it is the one that the run left.
    const Ended mae = lab.vaso({"weights", "export", number, "--to", "mae", "--out", "out/mae.pth"});
    INFO(mae.text());
    REQUIRE(mae.code == 0);
    CHECK(mae.says("main_pretrain.py"));
    CHECK(lab.vaso({"weights", "export", number, "--to", "huggingface", "--out", "out/vit"}).code == 0);
    CHECK(lab.read("out/vit/config.json").find("\"hidden_size\": 24") != std::string::npos);
    CHECK(lab.vaso({"weights", "export", number, "--to", "timm", "--out", "out/timm.safetensors"}).code == 0);
    for (const std::string file : {"out/mae.pth", "out/vit/model.safetensors", "out/timm.safetensors"}) {
      CAPTURE(file);
      const Ended imported = lab.vaso({"weights", "import", file, "--out", "back.safetensors", "--heads", "2"});
      INFO(imported.text());
      REQUIRE(imported.code == 0);
      CHECK(imported.says("of 18 tensors as they were"));
      const std::string original = bytes_of(run, "encoder.safetensors"), back = lab.read("back.safetensors");
      constexpr std::size_t values = 4 * 12'336;  // all of them: behind headers that differ
      CHECK(original.substr(original.size() - values) == back.substr(back.size() - values));
    }
    const Ended on = lab.vaso({"run", "tiny.toml", "--set", "model.init_from=back.safetensors"});
    INFO(on.text());
    CHECK(on.code == 0);
    const Ended larger =
        lab.vaso({"run", "tiny.toml", "--set", "model.init_from=back.safetensors", "--set", "model.image_size=64"});
    INFO(larger.text());
    CHECK(larger.code == 0);  // positions are resized
    const Ended script = lab.vaso({"weights", "export", number, "--to", "torchscript", "--out", "out/encoder.pt"});
    INFO(script.text());
    CHECK(script.code == 0);
    CHECK(lab.read("out/encoder.pt").find("tokens, B x 17 x 24") != std::string::npos);
  }

  TEST_CASE("faults of files and words are answered with what to do") {
    const Laboratory lab;
    lab.write("page.pth", "<html>sign in</html>");
    lab.write("evil.pth",
              "\x80\x02"
              "cposix\nsystem\n.");
    CHECK(lab.vaso({"weights", "info", "page.pth"}).says("web page"));
    CHECK(lab.vaso({"weights", "info", "evil.pth"}).says("posix.system"));
    CHECK(lab.vaso({"weights", "import", "none.pth", "--out", "x"}).says("cannot be opened"));
    CHECK(lab.vaso({"weights", "import", "page.pth"}).code == 2);
    CHECK(lab.vaso({"weights", "export", "1", "--to", "tim", "--out", "x"}).says("did you mean `timm`?"));
    CHECK(lab.vaso({"weights", "export", "1", "--to", "timm", "--out", "x"}).says("there are no runs"));
    CHECK_FALSE(std::filesystem::exists(lab.path("x")));
  }
}
