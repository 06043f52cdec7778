#include "report/footnotes.hpp"
#include "report/study_settings.hpp"
#include "report/table.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <stdexcept>

using namespace vaso::report;
using namespace vaso::runs;

namespace {

using Lines = std::vector<std::string>;

// The two factors of an ablation: what guides the mask, and whether a loss holds the anatomy. Of each cell and seed a
// pre-training, and two tasks on top of it.
class Ablation {
  vaso::tests::TemporaryFolder folder_;

 public:
  Ablation() {
    study.name = "ablation";
    study.design = "grid";
    study.seeds = {0, 1};
    study.factors = {{"guidance",
                      {{"none", {{"masking.strategy", "\"random\""}}},
                       {"frangi", {{"masking.strategy", "\"anatomy\""}, {"guidance.source", "\"frangi\""}}}}},
                     {"consistency", {{"off", {{"loss.1.weight", "0"}}}, {"on", {{"loss.1.weight", "1"}}}}}};
    for (const char* guidance : {"none", "frangi"}) {
      for (const char* consistency : {"off", "on"}) {
        study.cells.push_back({std::string("guidance=") + guidance + " consistency=" + consistency,
                               {guidance, consistency},
                               study.cells.empty()});
      }
    }
    for (std::size_t cell = 0; cell < 4; ++cell) {
      for (const std::int64_t seed : study.seeds) {
        study.runs.push_back({cell, seed, "pretrain", "", identity("pretrain", cell, seed)});
        for (const char* task : {"vessels", "stenosis"}) {
          study.runs.push_back({cell, seed, "finetune", task, identity(task, cell, seed)});
        }
      }
    }
    store.put_study(study);
  }

  static std::string identity(const std::string& what, std::size_t cell, std::int64_t seed) {
    return what + std::to_string(cell) + "/" + std::to_string(seed);
  }

  std::int64_t run(const std::string& what, std::size_t cell, std::int64_t seed,
                   const std::map<std::string, double>& metrics, Status status = Status::finished) {
    Run run = next;
    run.experiment = "ablation";
    run.phase = what == "pretrain" ? what : "finetune";
    run.seed = seed;
    run.status = status;
    run.identity = identity(what, cell, seed);
    std::vector<std::pair<std::string, std::string>> settings = more;
    settings.emplace_back("seed", std::to_string(seed));
    if (what == "pretrain") {
      settings.emplace_back("masking.strategy", cell < 2 ? "random" : "anatomy");
      settings.emplace_back("loss.1.weight", cell % 2 == 0 ? "0" : "1");
      if (cell >= 2) settings.emplace_back("guidance.source", "frangi");
    }
    const auto id = store.add(run, {}, settings);
    store.log(id, 1, metrics);
    return id;
  }

  Table table(const Lines& metrics = {}, const std::string& phase = "") const {
    return tabulate(store, *store.study("ablation"), {metrics, phase});
  }

  Store store{folder_.path() / "runs.sqlite"};
  StudyRecord study;
  Run next;
  std::vector<std::pair<std::string, std::string>> more;
};

Lines titles(const Table& table) {
  Lines titles;
  for (const Column& column : table.columns) titles.push_back(column.title);
  return titles;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("rows are the cells of a study, also before anything has run") {
    const Ablation ablation;
    const Table table = ablation.table();
    CHECK(table.study == "ablation");
    CHECK(table.design == "grid");
    CHECK(table.key_names == Lines{"guidance", "consistency"});
    REQUIRE(table.rows.size() == 4);
    CHECK(table.rows[0].baseline);
    CHECK_FALSE(table.rows[1].baseline);
    CHECK(table.rows[2].key == Lines{"frangi", "off"});
    CHECK(titles(table) == Lines{"vessels Dice", "stenosis Dice"});
    CHECK(table.rows[3].cells[1].values.empty());
    REQUIRE(table.rows[3].cells[1].missing.size() == 2);
    CHECK(table.rows[3].cells[1].missing[1].seed == 1);
    CHECK(table.rows[3].cells[1].missing[1].run == 0);
    CHECK(missing_lines(table)[0] == "none, off: not started");
  }

  TEST_CASE("values are found by identity; gaps say why") {
    Ablation ablation;
    ablation.run("vessels", 0, 0, {{"test.dice", 0.1}});  // an older one of the same
    const auto newer = ablation.run("vessels", 0, 0, {{"test.dice", 0.5}, {"test.cl_dice", 0.6}});
    ablation.run("vessels", 0, 0, {{"test.dice", 0.9}}, Status::failed);  // repeated, in vain
    const auto failed = ablation.run("vessels", 0, 1, {{"test.dice", 0.9}}, Status::failed);
    const auto bare = ablation.run("vessels", 1, 0, {{"test.dice", 0.7}});
    ablation.run("stenosis", 0, 0, {{"test.ap50", 0.3}, {"test.ap75", 0.2}, {"test.ap", 0.1}});
    ablation.run("vessels", 7, 0, {{"test.dice", 0.9}});  // of no cell
    const Table table = ablation.table();
    CHECK(titles(table) == Lines{"vessels Dice", "vessels clDice", "stenosis mAP50", "stenosis mAP75", "stenosis mAP"});
    CHECK(table.columns[0].name() == "vessels/test.dice");
    CHECK(table.columns[0].better == Better::higher);
    const Cell& cell = table.rows[0].cells[0];
    CHECK(cell.values == std::vector<double>{0.5});
    CHECK(cell.runs == std::vector<std::int64_t>{newer});
    CHECK(cell.seeds == std::vector<std::int64_t>{0});
    REQUIRE(cell.missing.size() == 1);
    CHECK(cell.missing[0].run == failed);
    CHECK(cell.missing[0].why == "failed");
    const Cell& without = table.rows[1].cells[1];
    REQUIRE(without.missing.size() == 2);
    CHECK(without.missing[0].run == bare);
    CHECK(without.missing[0].why == "has no test.cl_dice");
    const Lines lines = missing_lines(table);
    CHECK(lines[0] == "none, off, vessels Dice, vessels clDice: seed 1 failed (run " + std::to_string(failed) + ")");
    CHECK(lines[1] == "none, off, stenosis mAP50, stenosis mAP75, stenosis mAP: seed 1 not started");
  }

  TEST_CASE("metrics by name, by task and by phase") {
    Ablation ablation;
    ablation.run("pretrain", 0, 0, {{"loss", 0.4}, {"masked_vessel_share", 0.2}});
    ablation.run("vessels", 0, 0, {{"test.dice", 0.5}, {"loss", 0.3}});
    ablation.run("stenosis", 0, 0, {{"test.dice", 0.3}, {"loss", 0.2}});
    CHECK(titles(ablation.table({"test.dice"})) == Lines{"vessels Dice", "stenosis Dice"});
    CHECK(titles(ablation.table({"stenosis/test.dice"})) == Lines{"stenosis Dice"});
    CHECK(titles(ablation.table({"masked_vessel_share"})) == Lines{"masked_vessel_share"});
    CHECK(titles(ablation.table({"loss"})) == Lines{"vessels loss", "stenosis loss"});  // of the last phase
    CHECK(ablation.table({"pretrain/loss"}).rows[0].cells[0].values == std::vector<double>{0.4});
    CHECK(titles(ablation.table({}, "pretrain")) == Lines{"loss", "masked_vessel_share"});
  }

  TEST_CASE("unknown metrics, tasks and phases are refused with near names") {
    Ablation ablation;
    CHECK(ablation.table({"test.dcie"}).columns.size() == 2);  // nothing has run: who knows
    ablation.run("vessels", 0, 0, {{"test.dice", 0.5}});
    CHECK_THROWS_WITH_AS(ablation.table({"test.dcie"}), doctest::Contains("did you mean `test.dice`"),
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(ablation.table({"vesels/test.dice"}), doctest::Contains("did you mean `vessels`"),
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(ablation.table({}, "pretrian"), doctest::Contains("did you mean `pretrain`"),
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(ablation.table({"stenosis/test.dice"}), doctest::Contains("in stenosis logged `test.dice`"),
                         std::invalid_argument);
  }

  TEST_CASE("all settings that a factor sets are declared; others are found, in every phase") {
    Ablation ablation;
    for (const std::size_t cell : {0, 3}) {
      ablation.run("pretrain", cell, 0, {{"loss", 0.4}});
      ablation.run("vessels", cell, 0, {{"test.dice", 0.5}});
    }
    CHECK(ablation.table().findings.empty());
    ablation.more = {{"pretrain.epochs", "9"}};
    ablation.run("pretrain", 1, 0, {{"loss", 0.4}});
    const Table table = ablation.table();  // of the fine-tunings, whose encoders differ
    REQUIRE(table.findings.size() == 1);
    CHECK(text_of(table.findings[0], table) ==
          "pretrain: pretrain.epochs differs between rows: unset (none, off, frangi, on), 9 (none, on)");
  }

  TEST_CASE("what a task's settings are called in its runs") {
    StudyRecord study;
    study.factors = {{"init", {{"scratch", {{"downstream.vessels.init", "\"scratch\""}}}}}};
    study.runs = {{0, 0, "finetune", "vessels", "x"}};
    CHECK(declared_settings(study) == Lines{"downstream.init", "downstream.vessels.init"});
  }

  TEST_CASE("listed cells are rows by their names, and declare what they set") {
    Ablation ablation;
    StudyRecord& study = ablation.study;
    study.design = "list";
    study.factors.clear();
    study.cells = {{"MAE", {}, true}, {"ours", {}, false}};
    std::erase_if(study.runs, [](const StudyRun& run) { return run.cell > 1; });
    study.config_toml =
        "[study]\ndesign = \"list\"\n[[study.cells]]\nname = \"MAE\"\nset = { \"masking.strategy\" = \"random\" }\n"
        "[[study.cells]]\nname = \"ours\"\nset = { masking.strategy = \"anatomy\", \"pretrain.epochs\" = 9 }\n";
    ablation.store.put_study(study);
    CHECK(declared_settings(study) == Lines{"masking.strategy", "pretrain.epochs"});
    const Table table = ablation.table();
    CHECK(table.key_names == Lines{"method"});
    CHECK(table.rows[1].key == Lines{"ours"});
    CHECK(table.rows[0].baseline);
  }

  TEST_CASE("the baseline by name") {
    Table table = Ablation().table();
    set_baseline(table, "frangi, on");
    CHECK(table.rows[3].baseline);
    CHECK_FALSE(table.rows[0].baseline);
    set_baseline(table, "guidance=none consistency=on");
    CHECK(table.rows[1].baseline);
    CHECK_THROWS_WITH_AS(set_baseline(table, "frangi"), doctest::Contains("`frangi, off` or `frangi, on`"),
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(set_baseline(table, "frangi, onn"), doctest::Contains("did you mean `frangi, on`"),
                         std::invalid_argument);
    for (Row& row : table.rows) row.key.pop_back();
    table.rows.resize(3);
    set_baseline(table, "frangi");
    CHECK(table.rows[2].baseline);
  }
}
