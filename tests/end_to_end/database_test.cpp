// The run database as its keeper meets it: merged, copied, checked, tidied, exported.
#include "laboratory.hpp"

#include "runs/spool.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

using namespace vaso;
using namespace vaso::tests;
namespace fs = std::filesystem;

namespace {

// A finished run with weights, without the time that making one takes.
runs::Run add_run(const Laboratory& laboratory, const std::string& home, const std::string& identity,
                  runs::Status status = runs::Status::finished) {
  runs::Store store(laboratory.path(home) / "vaso.db");
  runs::Run run;
  run.experiment = "ablation";
  run.phase = "pretrain";
  run.identity = identity;
  run.host = home;
  run.status = status;
  run.created = run.started = "2026-03-01T10:00:00Z";
  run.finished = "2026-03-01T11:00:00Z";
  run.id = store.add(run, {}, {{"masking.strategy", "\"random\""}});
  const std::string folder = fmt::format("{}/{:04}-pretrain", home, run.id);
  const fs::path weights = laboratory.write(folder + "/encoder.safetensors", "weights of " + identity);
  laboratory.write(folder + "/checkpoint.safetensors", "a checkpoint");
  run.folder = weights.parent_path();
  store.update(run);
  store.log(run.id, 1, {{"loss", 0.5}});
  store.add_artefact(run.id, {"encoder", "encoder.safetensors", runs::sha256_file(weights),
                              static_cast<std::int64_t>(fs::file_size(weights))});
  return run;
}

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("two homes become one, twice the same; the copy is whole when the others are gone") {
    const Laboratory laboratory;
    add_run(laboratory, "runs", "ours");
    add_run(laboratory, "gpu1", "a");
    add_run(laboratory, "gpu2", "a");
    add_run(laboratory, "gpu2", "b");
    const Ended dry = laboratory.vaso({"db", "merge", "gpu1", "gpu2", "--dry-run"});
    CHECK(dry.code == 0);
    CHECK(dry.says("2 runs would be added"));
    CHECK(laboratory.store().all().size() == 1);

    const Ended first = laboratory.vaso({"db", "merge", "gpu1", "gpu2/vaso.db", "--copy"});
    CHECK(first.code == 0);
    CHECK(first.says("1 run added as 2"));
    CHECK(first.says("2 runs added as 3, 4"));
    CHECK(first.says("2 folders copied and compared"));
    const Ended second = laboratory.vaso({"db", "merge", "gpu1", "gpu2", "--copy"});
    CHECK(second.says("1 run there already"));
    CHECK(second.says("2 runs there already"));
    fs::remove_all(laboratory.path("gpu1"));
    fs::remove_all(laboratory.path("gpu2"));
    const Ended check = laboratory.vaso({"db", "check", "--deep"});
    CHECK(check.code == 0);
    CHECK(check.says("4 runs"));
    CHECK(check.says("nothing is lost"));
    CHECK(laboratory.vaso({"ls"}).says("finished"));
  }

  TEST_CASE("a damaged file is found, and by the deep check alone where only its content changed") {
    const Laboratory laboratory;
    const runs::Run run = add_run(laboratory, "runs", "a");
    const std::string before = bytes_of(run, "encoder.safetensors");
    std::ofstream(fs::path(run.folder) / "encoder.safetensors") << std::string(before.size(), 'x');
    CHECK(laboratory.vaso({"db", "check"}).code == 0);
    const Ended deep = laboratory.vaso({"db", "check", "--deep"});
    CHECK(deep.code == 1);
    CHECK(deep.says("encoder.safetensors of run 1"));
    CHECK(deep.says("not whole"));
  }

  TEST_CASE("what can be deleted is listed first, and deleted when asked to") {
    const Laboratory laboratory;
    const runs::Run finished = add_run(laboratory, "runs", "a");
    const runs::Run failed = add_run(laboratory, "runs", "a", runs::Status::failed);
    laboratory.write("runs/0077-finetune/x", "left behind");
    const Ended listed = laboratory.vaso({"db", "gc"});
    CHECK(listed.code == 0);
    for (const char* const words :
         {"0077-finetune", "0001-pretrain/checkpoint.safetensors", "run 1 finished with the same settings",
          "nothing was deleted", "vaso db gc --yes"}) {
      CHECK_MESSAGE(listed.says(words), words);
    }
    CHECK(fs::exists(laboratory.path("runs/0077-finetune/x")));
    CHECK(laboratory.vaso({"db", "gc", "--yes"}).says("deleted"));
    CHECK_FALSE(fs::exists(laboratory.path("runs/0077-finetune")));
    CHECK_FALSE(fs::exists(failed.folder));
    CHECK_FALSE(fs::exists(fs::path(finished.folder) / "checkpoint.safetensors"));
    CHECK(fs::exists(fs::path(finished.folder) / "encoder.safetensors"));
    CHECK(laboratory.vaso({"db", "gc"}).says("Nothing to delete"));
    CHECK(laboratory.vaso({"db", "check", "--deep"}).code == 0);
  }

  TEST_CASE("a backup is a database of its own, and is not written over") {
    const Laboratory laboratory;
    add_run(laboratory, "runs", "a");
    CHECK(laboratory.vaso({"db", "backup", "copies/monday.db"}).says("1 runs"));
    CHECK(runs::Store(laboratory.path("copies/monday.db")).all().size() == 1);
    CHECK(laboratory.vaso({"db", "backup", "copies/monday.db"}).code == 2);
    CHECK(laboratory.vaso({"db", "backup", "copies/monday.db", "--force"}).code == 0);
    CHECK(laboratory.vaso({"db", "backup", "runs"}).says("is a folder"));
    CHECK(laboratory.vaso({"db", "backup", "runs/vaso.db", "--force"}).code == 2);
  }

  TEST_CASE("files that are no database, half of one, or a newer one: each has its sentence, in every verb") {
    const Laboratory laboratory;
    add_run(laboratory, "runs", "a");
    add_run(laboratory, "half", "b");
    const std::string whole = laboratory.read("half/vaso.db");
    laboratory.write("half/vaso.db", whole.substr(0, whole.size() / 2));
    laboratory.write("text/vaso.db", std::string(5000, 'n'));
    laboratory.write("empty/vaso.db", "");
    add_run(laboratory, "newer", "c");
    std::string newer = laboratory.read("newer/vaso.db");
    newer[63] = 42;  // user_version, https://www.sqlite.org/fileformat2.html
    laboratory.write("newer/vaso.db", newer);
    const std::pair<const char*, const char*> expected[] = {
        {"half", "is damaged"}, {"text", "is not a run database"}, {"none", "there is no run database"}};
    for (const auto& [home, words] : expected) {
      const Ended merge = laboratory.vaso({"db", "merge", std::string(home) + "/vaso.db"});
      CHECK(merge.code == 1);
      CHECK_MESSAGE(merge.says(words), merge.text());
    }
    for (const char* const home : {"half", "text"}) {
      for (const char* const verb : {"check", "gc"}) {
        const Ended ended = laboratory.vaso({"db", verb, "--home", home});
        CHECK(ended.code == 1);
        CHECK_MESSAGE((ended.says("is damaged") || ended.says("is not a run database")), ended.text());
      }
      CHECK(laboratory.vaso({"ls", "--home", home}).code == 1);
    }
    CHECK(laboratory.vaso({"db", "merge", "newer"}).says("Merge with the newer VasoLab"));
    CHECK(laboratory.vaso({"db", "merge", "runs", "--home", "newer"}).says("newer VasoLab"));
    CHECK(laboratory.vaso({"ls", "--home", "newer"}).says("finished"));
    CHECK(laboratory.store().all().size() == 1);
    CHECK(laboratory.vaso({"db", "check", "--home", "nowhere"}).says("No runs yet"));
  }

  TEST_CASE("runs are exported as tables and for TensorBoard; what is no server is refused") {
    const Laboratory laboratory;
    add_run(laboratory, "runs", "a");
    add_run(laboratory, "runs", "b");
    CHECK(laboratory.vaso({"export", "csv", "--out", "csv"}).says("2 runs"));
    CHECK(laboratory.read("csv/metrics.csv") == "run,metric,step,value\n1,loss,1,0.5\n2,loss,1,0.5\n");
    CHECK(laboratory.vaso({"export", "csv", "2", "--out", "one"}).code == 0);
    CHECK(laboratory.read("one/metrics.csv") == "run,metric,step,value\n2,loss,1,0.5\n");
    CHECK(laboratory.vaso({"export", "tensorboard", "--out", "tb"}).says("2 runs, 2 points"));
    CHECK(fs::exists(laboratory.path("tb/ablation/0001-pretrain")));
    CHECK(laboratory.vaso({"export", "csv", "--phase", "pretrian"}).says("pretrain"));
    CHECK(laboratory.vaso({"export", "csv", "--study", "x"}).code == 2);
    CHECK(laboratory.vaso({"export", "mlflow"}).says("needs a server"));
    CHECK(laboratory.vaso({"export", "mlflow", "--uri", "mlruns"}).says("mlflow server"));
    const Ended nobody = laboratory.vaso({"export", "mlflow", "--uri", "http://127.0.0.1:9"});
    CHECK(nobody.code == 1);
    CHECK(nobody.says("no MLflow server answers"));
  }

  TEST_CASE("by way of a spool the same numbers come into the database, also of a worker that was killed") {
    const Laboratory laboratory;
    laboratory.write("tiny.toml", tiny_experiment());
    const Ended at_once = laboratory.vaso({"run", "tiny.toml", "--quiet", "--home", "direct"});
    REQUIRE_MESSAGE(at_once.code == 0, at_once.text());
    const auto with_spool = [] { setenv("VASO_SPOOL", "1", 1); };
    const Ended by_spool = laboratory.wait(laboratory.start({"run", "tiny.toml", "--quiet"}, with_spool));
    REQUIRE_MESSAGE(by_spool.code == 0, by_spool.text());
    const runs::Store direct(laboratory.path("direct/vaso.db")), spooled = laboratory.store();
    for (const std::int64_t run : {1, 2}) {
      CHECK(results(direct, run) == results(spooled, run));
      CHECK(direct.artefacts(run).size() == spooled.artefacts(run).size());
      CHECK_FALSE(fs::exists(fs::path(spooled.get(run)->folder) / runs::spool_name));
    }
    CHECK(laboratory.vaso({"db", "check", "--deep"}).code == 0);

    // Killed together with the `vaso` that would have taken the spool up: the next verb does it.
    laboratory.write("long.toml", stoppable_experiment());
    const pid_t process = laboratory.start({"run", "long.toml", "--quiet", "--home", "killed"}, [&] {
      with_spool();
      setpgid(0, 0);
    });
    const fs::path spool = laboratory.path("killed/0002-pretrain") / runs::spool_name;
    for (int i = 0; i < 12000 && runs::inspect_spool(spool.parent_path()).records < 3; ++i) usleep(5000);
    kill(-process, SIGKILL);
    laboratory.wait(process);
    const std::int64_t records = runs::inspect_spool(spool.parent_path()).records;
    REQUIRE(records >= 3);
    CHECK(laboratory.vaso({"ls", "--home", "killed"}).says("interrupted"));
    const runs::Store killed(laboratory.path("killed/vaso.db"));
    CHECK(killed.points(2, "loss").size() >= 2);
    CHECK_FALSE(fs::exists(spool));
    CHECK(laboratory.vaso({"db", "check", "--home", "killed"}).code == 0);
    const Ended resumed =
        laboratory.wait(laboratory.start({"run", "2", "--resume", "--quiet", "--home", "killed"}, with_spool));
    CHECK_MESSAGE(resumed.code == 0, resumed.text());
    CHECK(killed.points(2, "loss").size() == 12);
  }
}
