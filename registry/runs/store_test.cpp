#include "runs/store.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <limits>

using namespace vaso::runs;
using vaso::tests::TemporaryFolder;

namespace {

Run a_run(const std::string& identity = "abc") {
  Run run;
  run.experiment = "quickstart";
  run.phase = "pretrain";
  run.label = "masking.strategy=anatomy seed=3";
  run.identity = identity;
  run.seed = 3;
  run.folder = "/runs/3";
  run.config_toml = "seed = 3 # default\n";
  run.config_json = R"({"seed":3})";
  run.data_fingerprint = "f00d";
  run.host = "node7";
  run.threads = "aten=2 opencv=1";
  run.dirty = true;
  return run;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a run comes back as it was added") {
    const TemporaryFolder folder;
    Store store(folder.path() / "deep" / "er" / "runs.sqlite");  // folders are made
    CHECK_FALSE(store.read_only());
    CHECK(store.all().empty());

    const auto segmentor = store.add(a_run("parent"), {}, {});
    Run run = a_run();
    run.parent = segmentor;
    const auto id = store.add(
        run, {{"masking.anatomy", "1.0", "masking.anatomy.so", "d1"}, {"guidance.frangi", "1.1", "f.so", "d2"}},
        {{"masking.ratio", "0.5"}, {"masking.strategy", "\"anatomy\""}});
    CHECK(id == segmentor + 1);

    const auto back = store.get(id);
    REQUIRE(back);
    CHECK(back->experiment == "quickstart");
    CHECK(back->phase == "pretrain");
    CHECK(back->label == run.label);
    CHECK(back->identity == "abc");
    CHECK(back->status == Status::planned);
    CHECK(back->seed == 3);
    CHECK(back->folder == "/runs/3");
    CHECK(back->config_toml == run.config_toml);
    CHECK(back->config_json == run.config_json);
    CHECK(back->data_fingerprint == "f00d");
    CHECK(back->parent == segmentor);
    CHECK(back->created.size() == std::string("2025-01-01T00:00:00Z").size());
    CHECK(back->host == "node7");
    CHECK(back->threads == "aten=2 opencv=1");
    CHECK(back->dirty);
    CHECK(back->resumed == 0);
    CHECK_FALSE(back->stopped_early);

    CHECK(store.settings(id) ==
          std::map<std::string, std::string>{{"masking.ratio", "0.5"}, {"masking.strategy", "\"anatomy\""}});
    const auto plugins = store.plugins(id);
    REQUIRE(plugins.size() == 2);
    CHECK(plugins[0].id == "guidance.frangi");
    CHECK(plugins[1].sha256 == "d1");
    CHECK_FALSE(store.get(99));
  }

  TEST_CASE("an update changes how a run goes, not what it is") {
    const TemporaryFolder folder;
    Store store(folder.path() / "runs.sqlite");
    Run run = a_run();
    run.created = "2025-01-02T03:04:05Z";
    run.id = store.add(run, {}, {});
    run.status = Status::failed;
    run.started = "2025-01-02T03:05:00Z";
    run.finished = "2025-01-02T04:00:00Z";
    run.pid = 4711;
    run.wall_seconds = 3300.5;
    run.peak_memory = 5'000'000'000;
    run.exit_code = 5;
    run.signal = 11;
    run.message = "line 1\nline 2";
    run.libtorch = "1.13.1";
    run.device = "cpu";
    run.version = "0.1.0";
    run.revision = "c0ffee";
    run.dirty = false;
    run.resumed = 2;
    run.stopped_early = true;
    run.identity = "changed";
    run.config_toml = run.config_json = "changed";
    run.created = "";
    store.update(run);

    const Run back = store.get(run.id).value();
    CHECK(back.status == Status::failed);
    CHECK(back.started == run.started);
    CHECK(back.finished == run.finished);
    CHECK(back.pid == 4711);
    CHECK(back.wall_seconds == 3300.5);
    CHECK(back.peak_memory == 5'000'000'000);
    CHECK(back.exit_code == 5);
    CHECK(back.signal == 11);
    CHECK(back.message == "line 1\nline 2");
    CHECK(back.libtorch == "1.13.1");
    CHECK(back.device == "cpu");
    CHECK(back.version == "0.1.0");
    CHECK(back.revision == "c0ffee");
    CHECK_FALSE(back.dirty);
    CHECK(back.resumed == 2);
    CHECK(back.stopped_early);
    CHECK(back.identity == "abc");
    CHECK(back.config_toml == a_run().config_toml);
    CHECK(back.config_json == a_run().config_json);
    CHECK(back.created == "2025-01-02T03:04:05Z");
  }

  TEST_CASE("what was decided from an old row does not overwrite a new one") {
    const TemporaryFolder folder;
    Store store(folder.path() / "runs.sqlite");
    Run run = a_run();
    run.status = Status::running;
    run.id = store.add(run, {}, {});
    Run seen_dead = store.get(run.id).value();
    seen_dead.status = Status::interrupted;
    run.status = Status::finished;
    store.update(run);
    CHECK_FALSE(store.update_if(Status::running, seen_dead));
    CHECK(store.get(run.id)->status == Status::finished);
    CHECK(store.update_if(Status::finished, seen_dead));
    CHECK(store.get(run.id)->status == Status::interrupted);
  }

  TEST_CASE("the newest run with an identity is found") {
    const TemporaryFolder folder;
    Store store(folder.path() / "runs.sqlite");
    store.add(a_run("a"), {}, {});
    const auto second = store.add(a_run("a"), {}, {});
    store.add(a_run("b"), {}, {});
    CHECK(store.newest_with_identity("a")->id == second);
    CHECK_FALSE(store.newest_with_identity("c"));
    const auto all = store.all();
    REQUIRE(all.size() == 3);
    CHECK(all.front().id < all.back().id);
    CHECK(all.front().label == a_run().label);
    CHECK(all.front().config_toml.empty());  // get() has it
    CHECK(store.newest_with_identity("a")->config_toml == a_run().config_toml);
  }

  TEST_CASE("metric series: order, replacement, and values that are no numbers") {
    const TemporaryFolder folder;
    Store store(folder.path() / "runs.sqlite");
    const auto run = store.add(a_run(), {}, {});
    const auto other = store.add(a_run(), {}, {});
    const double infinity = std::numeric_limits<double>::infinity();
    store.log(run, 2, {{"loss", std::nan("")}, {"lr", 1e-4}});
    store.log(run, 1, {{"loss", 0.1}, {"best", -infinity}});
    store.log(run, 1, {{"loss", 0.9}});
    store.log(run, 3, {{"loss", infinity}});
    store.log(other, 1, {{"other", 1}});

    CHECK(store.series(run) == std::vector<std::string>{"best", "loss", "lr"});
    CHECK(store.series(99).empty());
    const auto loss = store.points(run, "loss");
    REQUIRE(loss.size() == 3);
    CHECK(loss[0].step == 1);
    CHECK(loss[0].value == 0.9);
    CHECK(std::isnan(loss[1].value));
    CHECK(loss[2].value == infinity);
    CHECK(store.points(run, "best")[0].value == -infinity);
    CHECK(store.points(run, "none").empty());
  }

  TEST_CASE("a resumed run forgets the steps that it will write again") {
    const TemporaryFolder folder;
    Store store(folder.path() / "runs.sqlite");
    const auto run = store.add(a_run(), {}, {});
    const auto other = store.add(a_run(), {}, {});
    for (int step = 0; step < 5; ++step) {
      store.log(run, step, {{"loss", 1.0}, {"lr", 2.0}});
      store.log(other, step, {{"loss", 1.0}});
    }
    store.forget_from(run, 3);
    CHECK(store.points(run, "loss").size() == 3);
    CHECK(store.points(run, "lr").back().step == 2);
    CHECK(store.points(other, "loss").size() == 5);
  }

  TEST_CASE("values per image and artefacts") {
    const TemporaryFolder folder;
    Store store(folder.path() / "runs.sqlite");
    const auto run = store.add(a_run(), {}, {});
    store.log_per_image(run, "dice", {{"a.png", 0.5}, {"b.png", 0.25}});
    store.log_per_image(run, "dice", {{"b.png", std::nan("")}});
    const auto dice = store.per_image(run, "dice");
    REQUIRE(dice.size() == 2);
    CHECK(dice.at("a.png") == 0.5);
    CHECK(std::isnan(dice.at("b.png")));
    CHECK(store.per_image(run, "cldice").empty());

    store.add_artefact(run, {"weights", "weights.safetensors", "aa", 10});
    store.add_artefact(run, {"weights", "weights.safetensors", "bb", 6'000'000'000});
    store.add_artefact(run, {"picture", "plan.png", "cc", 3});
    const auto artefacts = store.artefacts(run);
    REQUIRE(artefacts.size() == 2);
    CHECK(artefacts[0].name == "picture");
    CHECK(artefacts[1].sha256 == "bb");
    CHECK(artefacts[1].bytes == 6'000'000'000);
  }

  TEST_CASE("writing to a run that is not there is refused by number") {
    const TemporaryFolder folder;
    Store store(folder.path() / "runs.sqlite");
    const auto complaint = doctest::Contains("holds no run 7");
    Run run = a_run();
    run.id = 7;
    CHECK_THROWS_WITH_AS(store.update(run), complaint, StoreError);
    CHECK_THROWS_WITH_AS(store.update_if(Status::running, run), complaint, StoreError);
    CHECK_THROWS_WITH_AS(store.log(7, 0, {{"loss", 1}}), complaint, StoreError);
    CHECK_THROWS_WITH_AS(store.forget_from(7, 0), complaint, StoreError);
    CHECK_THROWS_WITH_AS(store.log_per_image(7, "dice", {{"a", 1}}), complaint, StoreError);
    CHECK_THROWS_WITH_AS(store.add_artefact(7, {}), complaint, StoreError);
    run.parent = 7;
    CHECK_THROWS_WITH_AS(store.add(run, {}, {}), complaint, StoreError);
    CHECK(store.all().empty());
  }

  TEST_CASE("a run that cannot be added whole is not added at all") {
    const TemporaryFolder folder;
    Store store(folder.path() / "runs.sqlite");
    CHECK_THROWS_AS(store.add(a_run(), {}, {{"a", "1"}, {"a", "2"}}), StoreError);
    CHECK(store.all().empty());
    store.add(a_run(), {}, {{"a", "1"}});  // and the store goes on
    CHECK(store.all().size() == 1);
  }

  TEST_CASE("what one store writes another reads, and a moved store goes on") {
    const TemporaryFolder folder;
    const auto file = folder.path() / "runs.sqlite";
    Store writer(file);
    const Store reader(file, Store::Mode::read_only);
    CHECK(reader.read_only());
    Store moved = std::move(writer);
    const auto run = moved.add(a_run(), {}, {});
    moved.log(run, 0, {{"loss", 0.5}});
    CHECK(reader.points(run, "loss").size() == 1);
    CHECK(reader.file() == file);
  }
}
