// A study from its file to its table.
#include "laboratory.hpp"

#include <doctest/doctest.h>

#include <unistd.h>
#include <csignal>

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
