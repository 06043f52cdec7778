#include "report/footnotes.hpp"
#include "report/formats.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <stdexcept>

using namespace vaso::report;
using namespace vaso::runs;
using vaso::tests::TemporaryFolder;

namespace {

using Settings = std::map<std::string, std::string>;

// A database and short words to fill it.
class Study {
  TemporaryFolder folder_;

 public:
  Store store{folder_.path() / "runs.sqlite"};

  // A finished pre-training run that logged `loss` 2 and then `loss`.
  std::int64_t run(Settings settings, double loss, std::int64_t seed = 0) {
    return add(std::move(settings), {{"loss", loss}}, seed, Status::finished, "pretrain");
  }
  std::int64_t add(Settings settings, const std::map<std::string, double>& metrics, std::int64_t seed, Status status,
                   const std::string& phase, const std::string& identity = "") {
    settings.emplace("seed", std::to_string(seed));
    Run run = next;
    run.experiment = "study";
    run.phase = phase;
    run.seed = seed;
    run.status = status;
    run.identity = identity;
    const auto id = store.add(run, plugins, {settings.begin(), settings.end()});
    if (metrics.contains("loss")) store.log(id, 0, {{"loss", 2}});
    store.log(id, 1, metrics);
    return id;
  }
  Table table(std::vector<std::string> by, std::vector<std::string> metrics = {"loss"}) const {
    return tabulate(store, {.by = std::move(by), .metrics = std::move(metrics), .phase = "", .experiment = ""});
  }

  Run next;  // what the runs to come have besides
  std::vector<PluginUsed> plugins;
};

const Settings random_masking = {{"masking.strategy", "random"}, {"masking.ratio", "0.5"}};
const Settings anatomy = {
    {"masking.strategy", "anatomy"}, {"masking.ratio", "0.5"}, {"masking.anatomy.beta_end", "0.5"}};

using Lines = std::vector<std::string>;

Lines audits(const Table& table) {
  Lines lines;
  for (const Finding& finding : table.findings) lines.push_back(text_of(finding, table));
  return lines;
}

Settings with(Settings settings, const std::string& path, const std::string& value) {
  settings[path] = value;
  return settings;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("rows by factor in the order of the study, values by run") {
    Study study;
    study.run(random_masking, 0.8, 1);
    study.run(anatomy, 0.6, 1);
    study.run(random_masking, 0.9, 2);
    study.run(anatomy, 0.7, 2);
    const Table table = study.table({"masking.strategy"});
    REQUIRE(table.rows.size() == 2);
    CHECK(table.rows[0].key == std::vector<std::string>{"random"});
    CHECK(table.rows[0].cells[0].values == std::vector<double>{0.8, 0.9});
    CHECK(table.rows[0].cells[0].runs == std::vector<std::int64_t>{1, 3});
    CHECK(table.rows[1].key == std::vector<std::string>{"anatomy"});
    CHECK(table.notes.empty());  // masking.anatomy.* belongs to the factor, the seed is what is averaged over
    CHECK(write(table, Format::text) ==
          "masking.strategy             loss  n\n"
          "────────────────  ───────────────  ─\n"
          "random            0.8500 ± 0.0707  2\n"
          "anatomy           0.6500 ± 0.0707  2\n"
          "\n"
          "Mean ± sample standard deviation over 2 runs.\n");
  }

  TEST_CASE("numeric levels are sorted by size, and several factors make one key") {
    Study study;
    for (const char* ratio : {"0.75", "0.5", "10"}) {
      study.run(with(anatomy, "masking.ratio", ratio), 0.5);
      study.run(with(random_masking, "masking.ratio", ratio), 0.5);
    }
    const Table table = study.table({"masking.strategy", "masking.ratio"});
    std::string keys;
    for (const Row& row : table.rows) keys += row.key[0] + " " + row.key[1] + "; ";
    CHECK(keys == "anatomy 0.5; anatomy 0.75; anatomy 10; random 0.5; random 0.75; random 10; ");
  }

  TEST_CASE("phase, experiment, seed and run are keys too, and no key at all makes one row") {
    Study study;
    study.run(random_masking, 0.8, 7);
    const Table table = study.table({"phase", "experiment", "seed", "run"});
    CHECK(table.rows.at(0).key == std::vector<std::string>{"pretrain", "study", "7", "1"});
    CHECK(study.table({}).rows.size() == 1);
  }

  TEST_CASE("last, best, first and mean of a series") {
    Study study;
    const auto run = study.run(random_masking, 0.8);
    study.store.log(run, 2, {{"loss", std::nan("")}});
    study.store.log(run, 3, {{"loss", 1.0}});
    study.store.log(run, 1, {{"dice", 0.5}});
    study.store.log(run, 2, {{"dice", 0.25}});
    const Table table = study.table({}, {"loss", "best:loss", "first:loss", "mean:loss", "mean:dice", "best:dice"});
    const auto value = [&](std::size_t metric) { return table.rows.at(0).cells.at(metric).values.at(0); };
    CHECK(value(0) == 1.0);
    CHECK(value(1) == 0.8);  // of a loss the smallest; NaN is none
    CHECK(value(2) == 2.0);
    CHECK(std::isnan(value(3)));
    CHECK(value(4) == 0.375);
    CHECK(value(5) == 0.25);  // "dice" alone is the segmentor's loss
  }

  TEST_CASE("a run that ended in NaN is printed so") {
    Study study;
    study.run(random_masking, std::nan(""));
    CHECK(write(study.table({"masking.strategy"}), Format::markdown).ends_with("| random | NaN |\n"));
  }

  TEST_CASE("a group without the metric has an empty cell") {
    Study study;
    study.run(random_masking, 0.8);
    study.add(anatomy, {{"dice", 0.5}}, 0, Status::finished, "pretrain");
    const Table table = study.table({"masking.strategy"}, {"loss", "dice"});
    CHECK(table.rows.at(1).cells.at(0).values.empty());
    CHECK(write(table, Format::markdown).find("| anatomy | – | 0.5000 |") != std::string::npos);
  }

  TEST_CASE("only phases that logged a metric are in the table") {
    Study study;
    study.add({{"segmentor.epochs", "3"}}, {{"segmentor_loss", 0.1}}, 0, Status::finished, "segmentor");
    study.add({{"segmentor.epochs", "3"}}, {}, 0, Status::failed, "segmentor");
    study.run(random_masking, 0.8);
    const Table table = study.table({"phase"});
    REQUIRE(table.rows.size() == 1);
    CHECK(table.rows[0].key[0] == "pretrain");
    CHECK(table.notes.empty());
    const Table asked =
        tabulate(study.store, {.by = {}, .metrics = {"segmentor_loss"}, .phase = "segmentor", .experiment = "study"});
    CHECK(asked.rows.size() == 1);
    CHECK(asked.notes == std::vector<std::string>{"1 run left out: failed (2)"});
  }

  TEST_CASE("a phase without the table that a key names has no row, though it logged the metric") {
    Study study;
    study.add({{"guidance.filter", "sato"}}, {{"loss", 0.7}}, 0, Status::finished, "segmentor");
    study.run(random_masking, 0.4);
    study.run(anatomy, 0.3);
    const Table table = study.table({"masking.strategy"});
    REQUIRE(table.rows.size() == 2);
    CHECK(table.rows[0].key.front() == "random");
    CHECK(table.rows[0].cells.front().values == std::vector<double>{0.4});
    CHECK(study.table({"phase"}).rows.size() == 2);
    CHECK(study.table({}).rows.front().cells.front().values.size() == 3);
  }

  TEST_CASE("runs that did not finish are left out and named") {
    Study study;
    study.run(random_masking, 0.8);
    study.add(anatomy, {{"loss", 0.1}}, 1, Status::failed, "pretrain", "x");
    study.add(anatomy, {{"loss", 0.1}}, 2, Status::interrupted, "pretrain", "y");
    study.add(anatomy, {{"loss", 0.1}}, 3, Status::failed, "pretrain", "z");
    study.add(anatomy, {{"loss", 0.1}}, 4, Status::running, "pretrain", "w");
    study.add(anatomy, {{"loss", 0.5}}, 2, Status::finished, "pretrain", "y");  // done after all
    const Table table = study.table({"masking.strategy"});
    REQUIRE(table.rows.size() == 2);
    CHECK(table.rows[1].cells[0].runs == std::vector<std::int64_t>{6});
    CHECK(table.notes == std::vector<std::string>{"3 runs left out: running (5), failed (2, 4)"});
  }

  TEST_CASE("of runs with one identity the newest counts") {
    Study study;
    study.add(anatomy, {{"loss", 0.1}}, 1, Status::finished, "pretrain", "x");
    study.add(anatomy, {{"loss", 0.2}}, 1, Status::finished, "pretrain", "x");
    study.run(anatomy, 0.3, 2);  // no identity: like no other
    study.run(anatomy, 0.4, 3);
    const Table table = study.table({"masking.strategy"});
    CHECK(table.rows.at(0).cells.at(0).values == std::vector<double>{0.2, 0.3, 0.4});
    CHECK(table.notes ==
          std::vector<std::string>{"1 run left out, for newer ones with the same settings, data and plugins: 1"});
  }

  TEST_CASE("a setting that a run lacks is that of the run whose weights it uses") {
    Study study;
    study.next.parent = study.run(random_masking, 0.8);
    study.add({{"downstream.head", "x"}}, {{"test.dice", 0.5}}, 0, Status::finished, "finetune");
    study.next.parent = 0;
    study.next.parent = study.run(with(anatomy, "pretrain.epochs", "5"), 0.7);
    study.add({{"downstream.head", "x"}}, {{"test.dice", 0.6}}, 0, Status::finished, "finetune");
    const Table table = study.table({"masking.strategy"}, {"test.dice"});
    REQUIRE(table.rows.size() == 2);
    CHECK(table.rows[0].key[0] == "random");
    CHECK(table.rows[1].key[0] == "anatomy");
    CHECK(table.rows[1].cells[0].values == std::vector<double>{0.6});
    // What it was pre-trained with is audited too.
    CHECK(audits(table) == Lines{"pretrain: pretrain.epochs differs between rows: unset (random), 5 (anatomy)"});
  }

  TEST_CASE("unknown names are refused with near ones") {
    Study study;
    study.run(random_masking, 0.8);
    CHECK_THROWS_WITH_AS(study.table({"masking.stratgy"}), doctest::Contains("masking.strategy"),
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(study.table({}, {"los"}), doctest::Contains("no run logged the metric `los`"),
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(study.table({}, {"los"}), doctest::Contains("`loss`"), std::invalid_argument);
    CHECK_THROWS_AS(study.table({}, {}), std::invalid_argument);
    const auto asked = [&](const char* phase, const char* experiment) {
      return tabulate(study.store, {.by = {}, .metrics = {"loss"}, .phase = phase, .experiment = experiment});
    };
    CHECK_THROWS_WITH_AS(asked("pretrian", ""), doctest::Contains("pretrain"), std::invalid_argument);
    CHECK_THROWS_WITH_AS(asked("", "studi"), doctest::Contains("study"), std::invalid_argument);
    CHECK(asked("pretrain", "study").rows.size() == 1);
  }

  TEST_CASE("before anything has finished there is an empty table that says so") {
    Study study;
    CHECK(study.table({"masking.strategy"}).notes == std::vector<std::string>{"no run has finished yet"});
    study.add(random_masking, {}, 0, Status::running, "pretrain");
    const Table table = study.table({"masking.strategy"});
    CHECK(table.rows.empty());
    CHECK(table.notes == std::vector<std::string>{"no run has finished yet", "1 run left out: running (1)"});
  }
}
