#include "runs/check.hpp"

#include "runs/connection.hpp"
#include "runs/leftovers.hpp"
#include "runs/run_folders.hpp"
#include "runs/spool.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fstream>
#include <thread>

using namespace vaso::runs;
using vaso::tests::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

class Home {
 public:
  fs::path path() const { return folder_.path() / "runs"; }
  fs::path database() const { return path() / "vaso.db"; }
  Store store() const { return Store(database()); }

  std::int64_t run(const std::string& identity, Status status = Status::finished, std::int64_t parent = 0) const {
    Store db = store();
    Run run;
    run.phase = "pretrain";
    run.identity = identity;
    run.status = status;
    run.parent = parent;
    run.id = db.add(run, {}, {});
    run.folder = path() / fmt::format("{:04}-pretrain", run.id);
    fs::create_directories(run.folder);
    std::ofstream(fs::path(run.folder) / "encoder.safetensors") << "weights";
    std::ofstream(fs::path(run.folder) / "checkpoint.safetensors") << "a checkpoint";
    db.update(run);
    db.log(run.id, 0, {{"loss", 1}});
    db.add_artefact(run.id, {"encoder", "encoder.safetensors", sha256("weights"), 7});
    return run.id;
  }

  CheckResult check(bool deep = false, bool dead = false, bool local = true) const {
    return vaso::runs::check(
        {database(), deep, [=](const Run&) { return dead; }, [=](const Run&) { return local; }, {}});
  }

  fs::path file(std::int64_t run, const char* name) const { return fs::path(store().get(run)->folder) / name; }

 private:
  TemporaryFolder folder_;
};

bool says(const CheckResult& result, const char* words, Finding::Gravity gravity) {
  return result.findings.size() == 1 && result.findings[0].gravity == gravity &&
         result.findings[0].what.find(words) != std::string::npos;
}

std::vector<fs::path> paths_of(const Leftovers& leftovers) {
  std::vector<fs::path> paths;
  for (const Leftover& leftover : leftovers.found) paths.push_back(leftover.path);
  return paths;
}

constexpr auto fault = Finding::Gravity::fault;
constexpr auto remark = Finding::Gravity::remark;

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a whole database has no findings") {
    const Home home;
    home.run("a");
    home.run("b", Status::failed);
    const CheckResult result = home.check(true);
    CHECK(result.findings.empty());
    CHECK(result.whole());
    CHECK(result.runs == 2);
    CHECK(result.points == 2);
    CHECK(result.files == 2);
  }

  TEST_CASE("files that are gone, cut or overwritten are faults; the last is seen by its digest alone") {
    const Home home;
    const auto run = home.run("a");
    const fs::path weights = home.file(run, "encoder.safetensors");
    std::ofstream(weights) << "WEIGHTS";
    CHECK(home.check().findings.empty());
    CHECK(says(home.check(true), "encoder.safetensors of run 1", fault));
    std::ofstream(weights) << "w";
    CHECK(says(home.check(), "encoder.safetensors of run 1", fault));
    fs::remove(weights);
    CHECK(says(home.check(), "encoder.safetensors of run 1", fault));
    fs::remove_all(weights.parent_path());
    CHECK(says(home.check(), "the folder of run 1 is gone", fault));
    CHECK(says(home.check(false, false, false), "not on this machine", remark));
    CHECK(home.check(false, false, false).whole());
  }

  TEST_CASE("rows that belong to no run are counted by table") {
    const Home home;
    const auto run = home.run("a");
    home.run("b");
    {
      Connection other(home.database(), SQLITE_OPEN_READWRITE);
      other.execute(
          fmt::format("PRAGMA foreign_keys = OFF; DELETE FROM metrics WHERE run = {0}; DELETE FROM artefacts "
                      "WHERE run = {0}; INSERT INTO metrics VALUES (9, 'loss', 0, 1), (9, 'loss', 1, 1)",
                      run));
    }
    CHECK(says(home.check(), "2 rows of `metrics` belong to runs that are not there", fault));
  }

  TEST_CASE("damage inside the file is found") {
    const Home home;
    for (int i = 0; i < 30; ++i) home.run(std::to_string(i));
    {
      std::fstream file(home.database(), std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(5 * 4096);
      file << std::string(3 * 4096, 'x');
    }
    bool found = false;
    try {
      found = !home.check().whole();
    } catch (const StoreError& error) {
      found = std::string(error.what()).find("damaged") != std::string::npos;
    }
    CHECK(found);
  }

  TEST_CASE("dead processes, damaged spools, unreadable studies, folders of no run") {
    const Home home;
    const auto run = home.run("a", Status::running);
    CHECK(home.check().findings.empty());
    CHECK(says(home.check(false, true), "its process is gone", remark));
    std::ofstream(home.file(run, spool_name)) << "00000000 {}\n";
    CHECK(says(home.check(), "damaged", fault));
    fs::remove(home.file(run, spool_name));
    fs::create_directories(home.path() / "0099-pretrain");
    CHECK(says(home.check(), "1 folder of no run", remark));
    fs::remove(home.path() / "0099-pretrain");
    StudyRecord study;
    study.name = "s";
    home.store().put_study(study);
    Connection(home.database(), SQLITE_OPEN_READWRITE).execute("UPDATE studies SET layout_json = '{'");
    CHECK(says(home.check(), "holds the study `s`", fault));
  }

  TEST_CASE("what can be deleted, and what is spared") {
    const Home home;
    const auto finished = home.run("a");
    const auto failed = home.run("a", Status::failed);
    const auto interrupted_parent = home.run("a", Status::interrupted);
    home.run("child", Status::running, interrupted_parent);
    const auto failed_alone = home.run("b", Status::failed);
    const auto of_study = home.run("c");
    StudyRecord study;
    study.name = "s";
    study.cells = {{"only", {}, false}};
    study.runs = {{0, 0, "pretrain", "", "c"}};
    home.store().put_study(study);
    fs::create_directories(home.path() / "0099-finetune-seed-1");
    fs::create_directories(home.path() / "notes");
    fs::create_directories(home.path() / "cache");
    fs::create_directories(home.path() / merged_folder / "abc-0001-pretrain.partial");

    Store store = home.store();
    const Leftovers leftovers = find_leftovers(store, false);
    CHECK(paths_of(leftovers) == std::vector<fs::path>{home.path() / "0099-finetune-seed-1",
                                                       home.path() / merged_folder / "abc-0001-pretrain.partial",
                                                       store.get(failed)->folder,
                                                       home.file(finished, "checkpoint.safetensors")});
    CHECK(leftovers.kept_for_studies == 1);
    CHECK(leftovers.found[2].bytes == 19);
    CHECK(find_leftovers(store, true).found.size() == 5);

    remove_leftovers(store, leftovers.found);
    CHECK_FALSE(store.get(failed));
    CHECK(store.points(failed, "loss").empty());
    CHECK(store.get(failed_alone));
    CHECK(store.get(interrupted_parent));
    CHECK(fs::exists(home.file(of_study, "checkpoint.safetensors")));
    CHECK(fs::exists(home.file(finished, "encoder.safetensors")));
    CHECK_FALSE(fs::exists(home.file(finished, "checkpoint.safetensors")));
    CHECK(fs::exists(home.path() / "notes"));
    CHECK(find_leftovers(store, false).found.empty());
    CHECK(home.check(true).findings.empty());
  }

  TEST_CASE("a home that was moved: nothing of it is taken for an orphan, and the move is named") {
    const Home home;
    home.run("a", Status::failed);
    const TemporaryFolder elsewhere;
    const fs::path moved = elsewhere.path() / "moved";
    fs::rename(home.path(), moved);
    CHECK(find_leftovers(Store(moved / "vaso.db"), false).found.empty());
    const auto yes = [](const Run&) { return true; };
    CHECK(says(vaso::runs::check({moved / "vaso.db", false, yes, yes, {}}), "this home was moved", fault));
  }

  TEST_CASE("folders outside the home are never named, nor those that a merge is copying") {
    const Home home;
    const TemporaryFolder elsewhere;
    home.run("a");
    const auto failed = home.run("a", Status::failed);
    Store store = home.store();
    fs::remove_all(store.get(failed)->folder);
    Run run = store.get(failed).value();
    run.folder = elsewhere.path();
    store.update(run);
    run = store.get(1).value();
    fs::remove_all(run.folder);
    run.folder = elsewhere.path();
    std::ofstream(elsewhere.path() / "checkpoint.safetensors") << "theirs";
    store.update(run);
    fs::create_directories(home.path() / merged_folder / "abc-0001-pretrain");
    {
      const MergeLock merging(home.path());
      const Leftovers leftovers = find_leftovers(store, false);
      CHECK(leftovers.merge_in_progress);
      REQUIRE(leftovers.found.size() == 1);
      CHECK(leftovers.found[0].path.empty());  // the row goes, the folder of another home stays
    }
    CHECK(find_leftovers(store, false).found.size() == 2);
    remove_leftovers(store, find_leftovers(store, false).found);
    CHECK(fs::exists(elsewhere.path() / "checkpoint.safetensors"));
  }

  TEST_CASE("a backup made while others write is of one moment") {
    const Home home;
    home.run("a");
    std::atomic<bool> stop = false;
    std::thread writer([&] {
      Store store = home.store();
      for (int step = 1; !stop; ++step) store.log(1, step, {{"x", step}, {"y", step}});
    });
    for (int i = 0; i < 20; ++i) {
      const fs::path copy = home.path() / "backup.db";
      back_up(home.database(), copy);
      const Store store(copy, Store::Mode::read_only);
      CHECK(store.points(1, "x").size() == store.points(1, "y").size());
      CHECK(store.get(1)->identity == "a");
    }
    stop = true;
    writer.join();
    CHECK_THROWS_AS(back_up(home.database(), home.path() / "no" / "such" / "folder.db"), StoreError);
  }

  TEST_CASE("six workers killed at random: what they had been told is there, and nothing else is harmed") {
    const Home home;
    for (int i = 0; i < 6; ++i) home.run(std::to_string(i), Status::running);
    struct Told {
      std::int64_t run, step;
    };
    int pipe_ends[2];
    REQUIRE(pipe(pipe_ends) == 0);
    std::vector<pid_t> workers;
    for (std::int64_t run = 1; run <= 6; ++run) {
      const pid_t worker = fork();
      if (worker == 0) {
        Store store = home.store();
        for (std::int64_t step = 1;; ++step) {
          store.log(run, step, {{"loss", 1.0 / static_cast<double>(step)}, {"lr", 1}});
          const Told told{run, step};
          if (write(pipe_ends[1], &told, sizeof told) != sizeof told) _exit(1);
        }
      }
      workers.push_back(worker);
    }
    close(pipe_ends[1]);
    // Killed one after the other, each when the next 25 writes have been heard of: in the middle of whatever it does.
    std::map<std::int64_t, std::int64_t> last;
    int heard = 0;
    Told told{};
    while (read(pipe_ends[0], &told, sizeof told) == sizeof told) {
      last[told.run] = told.step;
      if (++heard % 25 == 0 && heard / 25 <= 6) kill(workers[static_cast<std::size_t>(heard / 25 - 1)], SIGKILL);
    }
    close(pipe_ends[0]);
    for (const pid_t worker : workers) waitpid(worker, nullptr, 0);
    const CheckResult result = home.check(true);
    CHECK(result.findings.empty());
    const Store store = home.store();
    for (const auto& [run, step] : last) {
      const auto loss = store.points(run, "loss"), lr = store.points(run, "lr");
      CHECK(loss.back().step >= step);
      CHECK(loss.back().step <= step + 1);  // written, but killed before it could say so
      CHECK(lr.back().step == loss.back().step);
    }
    CHECK(heard >= 150);
  }
}
