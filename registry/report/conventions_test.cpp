#include "report/table.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>

using namespace vaso::report;
using namespace vaso::runs;

namespace {

std::int64_t add(Store& store, const std::string& task, const std::string& convention) {
  Run run;
  run.experiment = "study";
  run.phase = "finetune";
  run.status = Status::finished;
  const auto id = store.add(run, {}, {{"downstream.task", task}});
  store.log(id, 0, {{"test.dice", 0.5}, {"loss", 1}});
  if (!convention.empty()) store.set_convention(id, "test.dice", convention);
  return id;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a table says how its metrics were computed, and warns where its rows cannot be compared") {
    const vaso::tests::TemporaryFolder folder;
    Store store(folder.path() / "runs.sqlite");
    add(store, "vessels", "mean over images");
    const auto second = add(store, "unet", "mean over images");
    const TableRequest request{
        .by = {"downstream.task"}, .metrics = {"best:test.dice", "loss"}, .phase = "", .experiment = ""};
    const auto says = [&](const std::string& words) {
      for (const std::string& note : tabulate(store, request).notes) {
        if (note.find(words) != std::string::npos) return true;
      }
      return false;
    };
    CHECK(says("test.dice: mean over images"));
    CHECK_FALSE(says("loss:"));
    const auto other = add(store, "segments", "sums over the data set");
    CHECK(says("test.dice was computed in different ways"));
    CHECK(says("\"sums over the data set\" (runs " + std::to_string(other) + ")"));

    store.set_convention(second, "test.dice", "replaced");
    CHECK(store.conventions(second).at("test.dice") == "replaced");
    CHECK(store.conventions(second).size() == 1);
    CHECK_THROWS_AS(store.set_convention(999, "test.dice", "x"), StoreError);
  }
}
