// Several processes on one database, as when a worker logs while `vaso` looks after the run.
#include "runs/connection.hpp"
#include "runs/open.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cstdio>
#include <functional>

using namespace vaso::runs;
using vaso::tests::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

constexpr int processes = 6;

// Runs `work(0…5)` in six processes that begin together; the number of those that threw.
int failures(const std::function<void(int)>& work) {
  int gate[2];
  REQUIRE(pipe(gate) == 0);
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      close(gate[1]);
      char end;
      (void)!read(gate[0], &end, 1);  // returns when the parent closes its end
      try {
        work(i);
        _exit(0);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "process %d: %s\n", i, error.what());
        _exit(1);
      }
    }
    children.push_back(child);
  }
  close(gate[0]);
  close(gate[1]);
  int failed = 0;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) ++failed;
  }
  return failed;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("six processes write 200 transactions each: no error, every row there") {
    const TemporaryFolder folder;
    const fs::path file = folder.path() / "runs.sqlite";
    std::vector<std::int64_t> runs;
    {
      Store store(file);
      for (int i = 0; i < processes; ++i) runs.push_back(store.add({}, {}, {}));
    }  // no connection crosses a fork
    CHECK(failures([&](int i) {
            Store store(file);
            Run run = store.get(runs[i]).value();
            for (int step = 0; step < 100; ++step) {
              store.log(run.id, step, {{"loss", step}, {"lr", i}});
              run.wall_seconds = step;
              store.update(run);
            }
          }) == 0);
    const Store store(file, Store::Mode::read_only);
    for (const auto run : runs) {
      CHECK(store.points(run, "loss").size() == 100);
      CHECK(store.points(run, "lr").size() == 100);
      CHECK(store.get(run)->wall_seconds == 99);
    }
  }

  TEST_CASE("six processes write under the rollback journal of network disks") {
    const TemporaryFolder folder;
    const fs::path file = folder.path() / "runs.sqlite";
    const auto open = [&] {
      Connection connection(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
      choose_journal(connection, false);
      connection.execute("CREATE TABLE IF NOT EXISTS tally (count INTEGER PRIMARY KEY) STRICT");
      return connection;
    };
    CHECK(failures([&](int) {
            Connection connection = open();
            for (int n = 0; n < 30; ++n) {
              Transaction transaction(connection);
              const auto count = connection.integer("SELECT count(*) FROM tally");
              connection.prepare("INSERT INTO tally VALUES (:count)").bind(":count", count).run();
              transaction.commit();
            }
          }) == 0);
    Connection connection = open();
    CHECK(connection.integer("SELECT count(*) FROM tally") == processes * 30);
    CHECK(connection.text("PRAGMA journal_mode") == "truncate");
  }

  TEST_CASE("six processes open a fresh database at once: one makes it, none fails") {
    for (int round = 0; round < 10; ++round) {
      const TemporaryFolder folder;
      const fs::path file = folder.path() / "new" / "runs.sqlite";
      CHECK(failures([&](int) { Store(file).add({}, {}, {}); }) == 0);
      CHECK(Store(file, Store::Mode::read_only).all().size() == processes);
    }
  }
}
