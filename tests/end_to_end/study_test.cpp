// A study from its file to its table.
#include "laboratory.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <unistd.h>
#include <csignal>
#include <map>
#include <set>

using namespace vaso;
using namespace vaso::tests;

namespace {

constexpr const char* two_strategies = R"(
[study.factors]
"masking.strategy" = ["random", "anatomy"]
)";

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("a study runs, is recorded, tabled and reused") {
    const Laboratory lab;
    lab.write("study.toml", tiny_experiment() + two_strategies);

    const Ended dry = lab.vaso({"run", "study.toml", "--dry-run"});
    INFO(dry.text());
    CHECK(dry.code == 0);
    CHECK(dry.says("masking.strategy=anatomy"));
    CHECK_FALSE(std::filesystem::exists(lab.path("runs/vaso.db")));

    const Ended first = lab.vaso({"run", "study.toml"});
    INFO(first.text());
    REQUIRE(first.code == 0);
    const runs::Store store = lab.store();
    const std::vector<runs::Run> all = store.all();
    REQUIRE(all.size() == 3);  // both cells share the segmentor
    CHECK(all[0].phase == "segmentor");
    CHECK(all[0].label.empty());
    for (const runs::Run& run : all) {
      CHECK(run.status == runs::Status::finished);
      CHECK(run.exit_code == 0);
      CHECK(run.seed == 3);
      CHECK(run.pid == 0);
      CHECK(run.peak_memory > 0);
      CHECK(run.wall_seconds > 0);
      CHECK_FALSE(run.libtorch.empty());
      CHECK_FALSE(run.data_fingerprint.empty());
      CHECK_FALSE(store.plugins(run.id).empty());
      CHECK_FALSE(store.artefacts(run.id).empty());
    }
    for (std::size_t i : {1, 2}) {
      CHECK(all[i].parent == all[0].id);
      CHECK(store.points(all[i].id, "loss").size() == 2);
      CHECK(std::filesystem::exists(std::filesystem::path(all[i].folder) / "encoder.safetensors"));
      CHECK(std::filesystem::exists(std::filesystem::path(all[i].folder) / "plan.png"));
    }
    CHECK(store.settings(all[1].id).at("masking.strategy") == "random");
    CHECK(store.settings(all[2].id).at("masking.beta_end") == "0.5");  // a default of the component
    for (const char* word : {"random", "anatomy", "masked_vessel_share", "plan.png", "encoder.safetensors"})
      CHECK(first.says(word));

    const Ended table =
        lab.vaso({"table", "--by", "masking.strategy", "--metric", "loss,masked_vessel_share", "--format", "csv"});
    INFO(table.text());
    CHECK(table.code == 0);
    CHECK(table.out.find("random") != std::string::npos);
    CHECK(table.out.find("anatomy") != std::string::npos);

    const Ended second = lab.vaso({"run", "study.toml"});
    CHECK(second.code == 0);
    CHECK(second.says("reused"));
    CHECK(lab.store().all().size() == 3);

    const Ended changed = lab.vaso({"run", "study.toml", "--set", "masking.ratio=0.6", "--quiet"});
    CHECK(changed.code == 0);
    CHECK(lab.store().all().size() == 5);  // the segmentor does not depend on the mask ratio
  }

  TEST_CASE("a running run is not started twice, and a dead one is not waited for") {
    const Laboratory lab;
    lab.write("one.toml", stoppable_experiment() + "\n");
    const pid_t first = lab.start({"run", "one.toml", "--set", "pretrain.epochs=10000"});
    const runs::Run run = lab.wait_for_epochs("pretrain", 1);
    const Ended second = lab.vaso({"run", "one.toml", "--set", "pretrain.epochs=10000"});
    INFO(second.text());
    CHECK(second.code == 1);
    CHECK(second.says("run " + std::to_string(run.id) + " is equal and is running"));

    kill(first, SIGKILL);  // the worker hears of its parent's death, and stops with a checkpoint
    lab.wait(first);
    for (int i = 0; i < 500 && kill(static_cast<pid_t>(run.pid), 0) == 0; ++i) usleep(20'000);
    const Ended list = lab.vaso({"ls"});
    INFO(list.text());
    CHECK(list.code == 0);
    CHECK(list.says("interrupted"));
    CHECK(lab.store().get(run.id)->status == runs::Status::interrupted);
    CHECK(std::filesystem::exists(std::filesystem::path(run.folder) / "checkpoint.safetensors"));
  }
}

namespace {

// A strategy that throws and one that works, and a task for each: what builds on the first cannot start. The task stops
// early: at a learning rate of 0 nothing gets better for long.
std::string with_failing_cell() {
  std::string text = tiny_experiment();
  const auto replace = [&](const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
  };
  replace("ratio = 0.5", "");  // the strategy that throws has no parameters
  replace("phases = [\"segmentor\", \"pretrain\"]", "phases = [\"pretrain\", \"finetune\"]");
  replace("source = \"co_guidance\"", "source = \"frangi\"");
  return text + R"(
[downstream.vessels]
dataset = "phantom"
head = "vessel_segmentation"
image_size = 32
batch_size = 4
epochs = 8
early_stop = 1
learning_rate = 0.0
min_lr = 0.0
pictures = 0
surface_distances = false
[downstream.vessels.phantom]
count = 12
size = 96
[downstream.vessels.vessel_segmentation]
channels = 2
[study.factors]
"masking.strategy" = ["throws", "random"]
)";
}

nlohmann::json status_of(const Laboratory& lab, const std::string& name) {
  const Ended ended = lab.vaso({"study", "status", name, "--format", "json"});
  INFO(ended.text());
  REQUIRE(ended.code == 0);
  return nlohmann::json::parse(ended.out);
}

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("a study goes on after a failed cell") {
    const Laboratory lab;
    lab.write("study.toml", with_failing_cell());
    const std::string plugins = std::filesystem::absolute(build_dir() / "tests" / "bad_plugins" / "throws");
    const std::vector<std::string> command = {"study", "run", "study.toml", "--plugins", plugins, "--workers", "2"};
    const Ended first = lab.vaso(command);
    INFO(first.text());
    CHECK(first.code == 5);
    CHECK(first.says("2 of 4 runs failed"));
    CHECK(first.says("not started, it needs the pretrain that failed"));
    {
      const std::vector<runs::Run> all = lab.store().all();
      REQUIRE(all.size() == 3);
      for (const runs::Run& run : all) CHECK(run.stopped_early == (run.phase == "finetune"));
    }
    const nlohmann::json status = status_of(lab, "tiny");
    CHECK(status.at("counts").at("done") == 2);
    CHECK(status.at("counts").at("failed") == 1);
    CHECK(status.at("counts").at("missing") == 1);
    CHECK(status.at("cells")[0].at("runs")[0].at("status") == "failed");
    CHECK(status.at("cells")[0].at("runs")[0].at("why").get<std::string>().find("masking.throws") != std::string::npos);
    CHECK(status.at("cells")[0].at("runs")[1].at("task") == "vessels");
    const Ended shown = lab.vaso({"study", "status", "tiny"});
    CHECK(shown.says("masking.strategy=throws"));
    CHECK(shown.says("missing"));

    std::vector<std::string> kept = command;
    kept.push_back("--keep-failed");
    const Ended second = lab.vaso(kept);
    CHECK(second.code == 5);
    CHECK(second.says("has failed before"));
    CHECK(lab.store().get(1)->resumed == 0);

    CHECK(lab.vaso(command).code == 5);  // the failed one is tried again, in its row
    CHECK(lab.store().all().size() == 3);
    for (const runs::Run& run : lab.store().all()) CHECK(run.resumed == (run.status == runs::Status::failed ? 1 : 0));
  }

  TEST_CASE("a study that was stopped, killed and resumed equals one that was not") {
    // Of two runs at a time, whose numbers do not depend on one another.
    const std::string text = stoppable_experiment() + two_strategies;
    const auto weights = [](const Laboratory& lab) {
      const runs::Store store = lab.store();
      std::map<std::string, std::string> files;
      for (const runs::Run& run : store.all()) {
        CHECK(run.status == runs::Status::finished);
        if (run.phase == "pretrain") files[run.label] = bytes_of(run, "encoder.safetensors");
      }
      CHECK(files.size() == 2);
      CHECK(store.all().size() == 3);
      return files;
    };
    const Laboratory plain;
    plain.write("study.toml", text);
    REQUIRE(plain.vaso({"study", "run", "study.toml", "--quiet"}).code == 0);

    const Laboratory lab;
    lab.write("study.toml", text);
    const std::vector<std::string> command = {"study", "run", "study.toml", "--workers", "2"};
    const pid_t first = lab.start(command);
    lab.wait_for_epochs("pretrain", 2);
    kill(first, SIGINT);
    const Ended stopped = lab.wait(first);
    INFO(stopped.text());
    CHECK(stopped.code == 6);
    CHECK(stopped.says("vaso study run study.toml"));
    const nlohmann::json counts = status_of(lab, "tiny").at("counts");
    // Two, or one where a busy machine let the other come to its end first.
    CHECK(counts.at("interrupted") >= 1);
    CHECK(counts.at("interrupted").get<int>() + counts.at("done").get<int>() == 3);

    // Its file is gone; the study is known from the database.
    std::filesystem::remove(lab.path("study.toml"));
    const pid_t second = lab.start({"study", "resume", "tiny", "--workers", "2"});
    lab.wait_for_epochs("pretrain", 5);
    kill(second, SIGKILL);
    lab.wait(second);

    // Its workers may still be writing their checkpoints: they are waited for.
    const pid_t third = lab.start({"study", "resume", "tiny", "--workers", "2"});
    const runs::Run run = lab.wait_for_epochs("pretrain", 8);
    kill(static_cast<pid_t>(run.pid), SIGKILL);
    const Ended killed = lab.wait(third);
    INFO(killed.text());
    CHECK(killed.code == 5);
    CHECK(killed.says("1 of 3 runs failed"));

    const Ended last = lab.vaso({"study", "resume", "tiny"});
    INFO(last.text());
    CHECK(last.code == 0);
    CHECK(weights(lab) == weights(plain));
    CHECK(lab.store().get(run.id)->resumed == 3);
  }

  TEST_CASE("two processes run one study, and every run once") {
    const Laboratory lab;
    lab.write("study.toml", tiny_experiment() + "[study]\nseeds = [0, 1]\n" + two_strategies);
    const pid_t one = lab.start({"study", "run", "study.toml"});
    const pid_t other = lab.start({"study", "run", "study.toml", "--workers", "2"});
    for (const pid_t process : {one, other}) {
      const Ended ended = lab.wait(process);
      INFO(ended.text());
      CHECK(ended.code == 0);
    }
    std::set<std::string> identities;
    const std::vector<runs::Run> all = lab.store().all();
    for (const runs::Run& run : all) {
      CHECK(run.status == runs::Status::finished);
      identities.insert(run.identity);
    }
    CHECK(all.size() == 6);
    CHECK(identities.size() == 6);
  }
}
