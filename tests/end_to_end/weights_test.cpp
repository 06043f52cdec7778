// Weights as a user meets them: those of a run go out and come back, and an experiment goes on with them.
#include "laboratory.hpp"

#include <doctest/doctest.h>

using namespace vaso;
using namespace vaso::tests;

TEST_SUITE("end_to_end") {
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
