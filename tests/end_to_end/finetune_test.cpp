// Fine-tuning as a user meets it: tasks built on one pre-training, from scratch, and on networks of their own.
#include "laboratory.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <map>
#include <set>

using namespace vaso;
using namespace vaso::tests;

namespace {

constexpr const char* tasks = R"(
[downstream.vessels]
dataset = "phantom"
head = "vessel_segmentation"
image_size = 32
epochs = 2
batch_size = 4
pictures = 2
phantom.count = 20
phantom.size = 64
vessel_segmentation.decoder = "linear"

[downstream.scratch]
like = "vessels"
init = "scratch"

[downstream.unet]
like = "vessels"
vessel_segmentation.decoder = "unet"
vessel_segmentation.channels = 4
)";

std::string finetuning() {
  std::string text = tiny_experiment() + tasks;
  const std::string phases = "phases = [\"segmentor\", \"pretrain\"]";
  return text.replace(text.find(phases), phases.size(), "phases = [\"segmentor\", \"pretrain\", \"finetune\"]");
}

std::string alone(const std::string& task) {
  return "seed = 3\nthreads = 1\nphases = [\"finetune\"]\n[model]\nencoder = \"vit_ti\"\ndim = 24\ndepth = 1\nheads = "
         "2\n"
         "image_size = 32\npatch_size = 8\n" +
         task;
}

std::vector<runs::Run> finetunings(const runs::Store& store) {
  std::vector<runs::Run> runs;
  for (const runs::Run& run : store.all()) {
    if (run.phase == "finetune") runs.push_back(run);
  }
  return runs;
}

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("tasks share a pre-training, and what needs none shares runs between cells") {
    const Laboratory lab;
    lab.write("tasks.toml", finetuning() + "\n[study.factors]\n\"masking.strategy\" = [\"random\", \"anatomy\"]\n");
    const Ended ended = lab.vaso({"run", "tasks.toml"});
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    const runs::Store store = lab.store();
    const auto runs = finetunings(store);
    REQUIRE(runs.size() == 4);  // the pre-trained one for each strategy, scratch and U-Net once
    std::multiset<std::string> built_on;
    for (const runs::Run& run : runs) {
      CHECK(run.status == runs::Status::finished);
      const auto settings = store.settings(run.id);
      const std::string task = settings.at("downstream.task");
      built_on.insert(task + (run.parent != 0 ? " " + settings.at("masking.strategy") : ""));
      for (const char* series : {"loss", "loss.dice", "val.dice", "test.dice", "test.cl_dice", "test.hd95"}) {
        CAPTURE(series);
        CHECK_FALSE(store.points(run.id, series).empty());
      }
      CHECK(store.points(run.id, "test.dice").size() == 1);  // measured once
      CHECK(store.per_image(run.id, "test.dice").size() == 4);
      CHECK(store.conventions(run.id).at("test.dice").find("both empty counts 1") != std::string::npos);
      CHECK_FALSE(bytes_of(run, "model.safetensors").empty());
      CHECK_FALSE(bytes_of(run, "test.png").empty());
    }
    CHECK(built_on == std::multiset<std::string>{"vessels random", "vessels anatomy", "scratch", "unet"});

    const Ended again = lab.vaso({"run", "tasks.toml", "--set", "downstream.unet.pictures=0"});
    CHECK(again.code == 0);
    CHECK(finetunings(lab.store()).size() == 4);  // nothing that matters has changed

    const Ended table = lab.vaso({"table", "--by", "downstream.task,masking.strategy", "--metric", "test.dice"});
    INFO(table.text());
    CHECK(table.code == 0);
    CHECK(table.says("unet"));
    CHECK(table.says("anatomy"));
    CHECK(table.says("test.dice: mean over images"));
  }

  TEST_CASE("in bf16 every phase comes to its end on a CPU, with every decoder, and trains as in float32") {
    const Laboratory lab;
    lab.write("half.toml", finetuning() + R"(
[downstream.adapter]
like = "vessels"
vessel_segmentation.decoder = "unet_adapter"
vessel_segmentation.channels = 4
[downstream.upernet]
like = "vessels"
vessel_segmentation.decoder = "upernet"
[downstream.boxes]
like = "vessels"
head = "stenosis_detection"
phantom.labels = "stenosis"
phantom.stenoses = 1
stenosis_detection.channels = 8
stenosis_detection.box_width = 16
)");
    const Ended half = lab.vaso({"run", "half.toml", "--set", "precision=bf16"});
    INFO(half.text());
    REQUIRE(half.code == 0);
    const Ended whole = lab.vaso({"run", "half.toml", "--set", "phases=[\"segmentor\", \"pretrain\"]"});
    INFO(whole.text());
    REQUIRE(whole.code == 0);
    const runs::Store store = lab.store();
    CHECK(finetunings(store).size() == 6);
    std::map<std::string, double> losses;
    for (const runs::Run& run : store.all()) {
      CHECK(run.status == runs::Status::finished);
      if (run.phase == "pretrain")
        losses[store.settings(run.id).at("precision")] = store.points(run.id, "loss").back().value;
    }
    REQUIRE(losses.size() == 2);
    CHECK(losses.at("bf16") == doctest::Approx(losses.at("fp32")).epsilon(0.02));
    CHECK(losses.at("bf16") != losses.at("fp32"));
  }

  TEST_CASE("a fine-tuning that was killed goes on to the same end") {
    const std::string text = alone(
        "[downstream.a]\ndataset = \"phantom\"\nhead = \"vessel_segmentation\"\ninit = \"scratch\"\nimage_size = 32\n"
        "epochs = 12\nbatch_size = 2\nphantom.count = 40\nphantom.size = 64\n"
        "vessel_segmentation.decoder = \"unet_adapter\"\nvessel_segmentation.channels = 4\n"
        "vessel_segmentation.prior = 0\n");  // from a small prior, so few steps leave the masks empty: nothing to
                                             // compare
    const Laboratory through, lab;
    through.write("one.toml", text);
    lab.write("one.toml", text);
    const Ended whole = through.vaso({"run", "one.toml"});
    INFO(whole.text());
    REQUIRE(whole.code == 0);

    const pid_t vaso = lab.start({"run", "one.toml"});
    const runs::Run run = lab.wait_for_epochs("finetune", 3);
    REQUIRE(kill(static_cast<pid_t>(run.pid), SIGKILL) == 0);
    CHECK(lab.wait(vaso).code == 5);
    const Ended resumed = lab.vaso({"run", "one.toml", "--resume"});
    INFO(resumed.text());
    REQUIRE(resumed.code == 0);
    const runs::Run expected = through.store().all().back();
    CHECK(bytes_of(run, "model.safetensors") == bytes_of(expected, "model.safetensors"));
    CHECK(results(lab.store(), run.id) == results(through.store(), expected.id));
    CHECK(lab.store().per_image(run.id, "test.dice") == through.store().per_image(expected.id, "test.dice"));
  }

  TEST_CASE("a trained model is applied to images, and its answers are evaluated") {
    const Laboratory lab;
    lab.write("one.toml", alone(std::string(tasks) + "phantom.contrast = 0.6\n"));
    // With low-rank additions, which the model that is left has taken in.
    const Ended trained = lab.vaso(
        {"run", "one.toml", "--set", "downstream.vessels.init=scratch", "--set", "downstream.vessels.tune=lora"});
    INFO(trained.text());
    REQUIRE(trained.code == 0);
    const Ended sheet = lab.vaso({"guidance", "make", "one.toml", "--source", "sato", "--out", "images", "--set",
                                  "data.limit=3", "--set", "data.phantom.size=64"});
    INFO(sheet.text());
    REQUIRE(sheet.code == 0);
    const Ended predicted = lab.vaso({"predict", "1", "images", "--out", "answers"});
    INFO(predicted.text());
    REQUIRE(predicted.code == 0);
    CHECK(predicted.says("3 masks"));
    for (const char* file : {"answers/masks/phantom-000002.png", "answers/overlays/phantom-000000.png"}) {
      CHECK(std::filesystem::exists(lab.path(file)));
    }
    CHECK(lab.read("answers/labels.json").find("\"vessel\": 255") != std::string::npos);
    const std::string files = lab.read("answers/files.csv");
    CAPTURE(files);
    CHECK(files.starts_with("name,file,frame\n"));
    const std::string row = "phantom-000002.png," + lab.path("images/phantom-000002.png").string() + ",\n";
    CHECK(files.find(row) != std::string::npos);
    const Ended scores = lab.vaso({"evaluate", "masks", "--truth", "answers/masks", "--prediction", "answers/masks"});
    INFO(scores.text());
    CHECK(scores.code == 0);
    CHECK(scores.says("dice"));

    const Ended exported = lab.vaso({"weights", "export", "1", "--to", "timm", "--out", "encoder.safetensors"});
    INFO(exported.text());
    CHECK(exported.code == 0);

    CHECK(lab.vaso({"predict", "1", "nowhere", "--out", "x"}).says("does not exist"));
    const Ended wrong = lab.vaso({"predict", "images/phantom-000000.png", "images", "--out", "x"});
    CHECK(wrong.code != 0);
    CHECK(wrong.says("phantom-000000.png"));
    CHECK(lab.vaso({"predict", "9", "images", "--out", "x"}).code != 0);
  }

  TEST_CASE("a detector is trained, measured and applied") {
    const Laboratory lab;
    lab.write("one.toml", alone("[downstream.stenosis]\ndataset = \"phantom\"\nhead = \"stenosis_detection\"\n"
                                "init = \"scratch\"\nimage_size = 64\nepochs = 1\nbatch_size = 4\n"
                                "[downstream.stenosis.phantom]\ncount = 16\nsize = 64\nstenoses = 2\n"
                                "labels = \"stenosis\"\n"
                                "[downstream.stenosis.stenosis_detection]\nchannels = 16\n"));
    const Ended trained = lab.vaso({"run", "one.toml"});
    INFO(trained.text());
    REQUIRE(trained.code == 0);
    const runs::Store store = lab.store();
    CHECK_FALSE(store.points(1, "test.ap50").empty());
    CHECK(store.per_image(1, "test.box_recall").size() > 0);
    CHECK(store.conventions(1).contains("test.ap"));
    REQUIRE(lab.vaso({"guidance", "make", "one.toml", "--source", "sato", "--out", "images", "--set", "data.limit=2",
                      "--set", "data.phantom.size=64"})
                .code == 0);
    const Ended predicted = lab.vaso({"predict", "1", "images", "--out", "answers"});
    INFO(predicted.text());
    REQUIRE(predicted.code == 0);
    CHECK(lab.read("answers/images.json").find("stenosis") != std::string::npos);
    CHECK(std::filesystem::exists(lab.path("answers/detections.json")));
  }

  TEST_CASE("faults of a task are found before anything runs") {
    const Laboratory lab;
    lab.write("one.toml", alone(tasks));
    const Ended missing = lab.vaso({"config", "check", "one.toml"});
    CHECK(missing.code == 3);
    CHECK(missing.says("[downstream.vessels] has no encoder to start from"));
    CHECK(missing.says("one.toml:14:"));
    const Ended none = lab.vaso(
        {"config", "check", "one.toml", "--set", "phases=[\"finetune\"]", "--set", "downstream.unet.like=vesels"});
    CHECK(none.code == 3);
    CHECK(none.says("did you mean `vessels`?"));
    CHECK_FALSE(std::filesystem::exists(lab.path("runs/vaso.db")));
    lab.write("none.toml", alone(""));
    CHECK(lab.vaso({"config", "check", "none.toml"}).says("there is no [downstream.NAME]"));
  }
}
