#include "runs/store.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using namespace vaso::runs;
using vaso::tests::TemporaryFolder;

namespace {

Run wanted(const std::string& identity) {
  Run run;
  run.experiment = "study";
  run.phase = "pretrain";
  run.identity = identity;
  run.status = Status::running;
  return run;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("of several programs that want a run, one gets it") {
    const TemporaryFolder folder;
    { const Store made(folder.path() / "runs.sqlite"); }
    constexpr int programs = 4, runs = 20;
    std::atomic<int> got{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < programs; ++i) {
      threads.emplace_back([&] {
        Store store(folder.path() / "runs.sqlite");
        for (int run = 0; run < runs; ++run) {
          got += store.claim(wanted(std::to_string(run)), 0, {{"a", "1", "a.so", "d"}}, {{"seed", "0"}}) ? 1 : 0;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(got == runs);
    const Store store(folder.path() / "runs.sqlite");
    REQUIRE(store.all().size() == runs);
    CHECK(store.plugins(1).size() == 1);
    CHECK(store.settings(1).at("seed") == "0");
  }

  TEST_CASE("a claim speaks of what its program has seen") {
    const TemporaryFolder folder;
    Store store(folder.path() / "runs.sqlite");
    const auto first = store.claim(wanted("a"), 0, {}, {});
    REQUIRE(first);
    CHECK_FALSE(store.claim(wanted("a"), 0, {}, {}));       // it is there by now
    CHECK_FALSE(store.claim(wanted("a"), *first, {}, {}));  // and running
    CHECK(store.claim(wanted("b"), 0, {}, {}));
    Run ended = *store.get(*first);
    ended.status = Status::failed;
    store.update(ended);
    CHECK_FALSE(store.claim(wanted("a"), 0, {}, {}));
    const auto second = store.claim(wanted("a"), *first, {}, {});  // anew, after the one that failed
    REQUIRE(second);
    CHECK(*second > *first);
  }
}
