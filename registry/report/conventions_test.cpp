#include "report/conventions.hpp"

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
  TEST_CASE("a table says how its metrics were computed, and finds where its rows cannot be compared") {
    const vaso::tests::TemporaryFolder folder;
    Store store(folder.path() / "runs.sqlite");
    add(store, "vessels", "mean over images");
    add(store, "unet", "mean over images");
    const TableRequest request{
        .by = {"downstream.task"}, .metrics = {"best:test.dice", "loss"}, .phase = "", .experiment = ""};
    CHECK(tabulate(store, request).notes == std::vector<std::string>{"test.dice: mean over images"});
    CHECK(tabulate(store, request).findings.empty());
    add(store, "segments", "sums over the data set");
    const Table unlike = tabulate(store, request);
    CHECK(unlike.notes.size() == 2);
    REQUIRE(unlike.findings.size() == 1);
    CHECK(unlike.findings[0].property == "the way of computing test.dice");
  }

  TEST_CASE("columns of several tasks say whose way it is") {
    const vaso::tests::TemporaryFolder folder;
    Store store(folder.path() / "runs.sqlite");
    Table table;
    table.columns = {{"finetune", "vessels", "test.dice", "vessels Dice", Better::higher},
                     {"finetune", "stenosis", "test.dice", "stenosis Dice", Better::higher},
                     {"finetune", "segments", "test.dice", "segments Dice", Better::higher}};
    Row& row = table.rows.emplace_back();
    for (const char* task : {"vessels", "stenosis", "segments"}) {
      Cell& cell = row.cells.emplace_back();
      cell.runs = {add(store, task, task == std::string("segments") ? "per class" : "mean over images")};
    }
    CHECK(convention_notes(store, table) ==
          std::vector<std::string>{"vessels, stenosis test.dice: mean over images", "segments test.dice: per class"});
  }
}
