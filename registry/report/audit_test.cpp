#include "report/audit.hpp"

#include "report/footnotes.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>

using namespace vaso::report;
using namespace vaso::runs;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;
using Lines = std::vector<std::string>;

// Runs that stand in rows r0, r1, … of a table.
class Runs {
 public:
  // A run that came out of `next` and `plugins`.
  std::int64_t add(std::size_t row, const Settings& settings, const std::string& phase = "pretrain") {
    next.phase = phase;
    next.status = Status::finished;
    next.id = store.add(next, plugins, settings);
    all_.push_back(next);
    rows_.push_back(row);
    return next.id;
  }

  std::vector<Finding> findings(const Lines& declared = {"masking.strategy"}, const Lines& metrics = {}) const {
    std::vector<Audited> audited;
    for (std::size_t i = 0; i < all_.size(); ++i) audited.push_back({&all_[i], rows_[i], all_[i].phase});
    return audit(store, audited, declared, metrics);
  }

  Lines lines(const Lines& declared = {"masking.strategy"}, const Lines& metrics = {}) const {
    Table table;
    table.key_names = {"row"};
    for (std::size_t row = 0; row < 10; ++row) table.rows.push_back({{"r" + std::to_string(row)}, {}, false});
    Lines lines;
    for (const Finding& finding : findings(declared, metrics)) lines.push_back(text_of(finding, table));
    return lines;
  }

 private:
  vaso::tests::TemporaryFolder folder_;
  std::vector<Run> all_;
  std::vector<std::size_t> rows_;

 public:
  Store store{folder_.path() / "runs.sqlite"};
  Run next;
  std::vector<PluginUsed> plugins;
};

const Settings random_masking = {{"masking.strategy", "random"}, {"masking.ratio", "0.5"}, {"seed", "0"}};
const Settings anatomy = {
    {"masking.strategy", "anatomy"}, {"masking.ratio", "0.5"}, {"masking.anatomy.beta_end", "0.5"}, {"seed", "1"}};

Settings with(Settings settings, const std::string& path, const std::string& value) {
  std::erase_if(settings, [&](const auto& setting) { return setting.first == path; });
  settings.emplace_back(path, value);
  return settings;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("nothing is found where only the factor differs, seeds and names aside") {
    Runs runs;
    runs.add(0, random_masking);
    runs.add(1, with(anatomy, "name", "another"));
    CHECK(runs.lines().empty());
    CHECK(runs.lines({}) == Lines{"pretrain: masking.strategy differs between rows: random (r0), anatomy (r1)"});
  }

  TEST_CASE("rows that differ in more than the factor") {
    Runs runs;
    runs.add(0, with(random_masking, "pretrain.epochs", "2"));
    runs.add(0, with(random_masking, "pretrain.epochs", "2"));
    const auto last = runs.add(1, with(anatomy, "pretrain.epochs", "5"));
    const auto findings = runs.findings();
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].kind == Finding::Kind::between_rows);
    CHECK(findings[0].property == "pretrain.epochs");
    CHECK(findings[0].values[0].runs == std::vector<std::int64_t>{1, 2});
    CHECK(findings[0].values[1].rows == std::vector<std::size_t>{1});
    CHECK(findings[0].values[1].runs == std::vector<std::int64_t>{last});
    CHECK(runs.lines() == Lines{"pretrain: pretrain.epochs differs between rows: 2 (r0), 5 (r1)"});
    CHECK(runs.lines({"masking.strategy", "pretrain.epochs"}).empty());
    CHECK(runs.lines({"masking", "pretrain"}).empty());          // tables whose settings a factor replaces
    CHECK(runs.lines({"masking.strategy", "pre"}).size() == 1);  // a path is no prefix of letters
  }

  TEST_CASE("a row that averages over unlike runs") {
    Runs runs;
    runs.add(0, random_masking);
    runs.add(0, with(random_masking, "masking.ratio", "0.75"));
    CHECK(runs.findings()[0].kind == Finding::Kind::within_row);
    CHECK(runs.lines() == Lines{"pretrain: masking.ratio differs within rows: 0.5 (r0: run 1), 0.75 (r0: run 2)"});
  }

  TEST_CASE("what only one component has is no difference; what two share is") {
    Runs runs;
    runs.add(0, with(random_masking, "masking.anatomy.beta_end", "0.25"));
    runs.add(1, with(anatomy, "masking.beta_start", "0.1"));
    CHECK(runs.lines() == Lines{"pretrain: masking.anatomy.beta_end differs between rows: 0.25 (r0), 0.5 (r1)"});
  }

  TEST_CASE("a parameter that is missing where its component was chosen is a difference") {
    Runs runs;
    runs.add(0, anatomy);
    runs.add(1, {{"masking.strategy", "anatomy"}, {"masking.ratio", "0.5"}});
    runs.add(2, random_masking);
    CHECK(runs.lines({"objective.name"}).size() == 2);  // the strategy, and the parameter that run 2 lacks
    CHECK(runs.lines({"objective.name"})[0] ==
          "pretrain: masking.anatomy.beta_end differs between rows: 0.5 (r0), unset (r1)");
  }

  TEST_CASE("a setting that some runs lack is a difference where no component explains it") {
    Runs runs;
    runs.add(0, random_masking);
    runs.add(1, with(anatomy, "loss.1.name", "anatomical_consistency"));
    CHECK(runs.lines() == Lines{"pretrain: loss.1.name differs between rows: unset (r0), anatomical_consistency (r1)"});
  }

  TEST_CASE("data, code, plugins and machines") {
    Runs runs;
    runs.next.data_fingerprint = "aaaaaaaa1";
    runs.next.revision = "c0ffee0123";
    runs.next.device = "A";
    runs.next.libtorch = "1.13";
    runs.next.threads = "aten=2";
    runs.plugins = {{"masking.random", "1.0", "a.so", "1111111111"}, {"loss.pixel", "1.0", "b.so", "2222222222"}};
    runs.add(0, random_masking);
    runs.next.data_fingerprint = "bbbbbbbb1";
    runs.next.dirty = true;
    runs.next.device = "B";
    runs.next.libtorch = "2.1";
    runs.next.threads = "aten=4";
    runs.plugins = {{"masking.anatomy", "1.0", "c.so", "4444444444"}, {"loss.pixel", "1.0", "b.so", "3333333333"}};
    runs.add(1, anatomy);
    CHECK(runs.lines() ==
          Lines{"pretrain: data differs between rows: aaaaaaaa (r0), bbbbbbbb (r1)",
                "pretrain: source revision differs between rows: c0ffee01 (r0), c0ffee01 with changes (r1)",
                "pretrain: LibTorch differs between rows: 1.13 (r0), 2.1 (r1)",
                "pretrain: device used differs between rows: A (r0), B (r1)",
                "pretrain: thread pools differs between rows: aten=2 (r0), aten=4 (r1)",
                "pretrain: plugin loss.pixel differs between rows: 1.0 22222222 (r0), 1.0 33333333 (r1)",
                "uncommitted changes in the source tree: run 2"});
  }

  TEST_CASE("runs that ended early or were taken up again are named, and are no difference") {
    Runs runs;
    runs.next.stopped_early = true;
    runs.add(0, random_masking);
    runs.next.resumed = 2;
    runs.add(1, anatomy);
    CHECK(runs.lines() == Lines{"ended early: runs 1, 2", "taken up again: run 2"});
    for (const Finding& finding : runs.findings()) CHECK_FALSE(finding.is_difference());
  }

  TEST_CASE("phases are compared each with itself; what they have in common is one finding") {
    Runs runs;
    runs.next.device = "A";
    runs.add(0, random_masking);
    runs.add(0, {{"downstream.head", "x"}}, "finetune");
    CHECK(runs.lines().empty());
    runs.next.device = "B";
    runs.add(1, anatomy);
    runs.add(1, {{"downstream.head", "x"}}, "finetune");
    CHECK(runs.lines() == Lines{"finetune, pretrain: device used differs between rows: A (r0), B (r1)"});
    CHECK(runs.findings()[0].values[0].runs == std::vector<std::int64_t>{1, 2});
  }

  TEST_CASE("a metric that was computed in two ways") {
    Runs runs;
    const auto a = runs.add(0, random_masking), b = runs.add(1, anatomy);
    runs.store.set_convention(a, "test.dice", "mean over images");
    runs.store.set_convention(b, "test.dice", "all pixels at once");
    CHECK(runs.lines().empty());  // not in the table
    CHECK(runs.lines({"masking.strategy"}, {"test.dice"}) ==
          Lines{"pretrain: the way of computing test.dice differs between rows: mean over images (r0), all pixels at "
                "once (r1)"});
  }

  TEST_CASE("long texts and lists are cut, between letters") {
    Runs runs;
    const std::string long_value = std::string(31, 'x') + "éééééé";  // the cut falls into a letter
    for (std::size_t row = 0; row < 9; ++row) {
      runs.add(row, {{"data.root", long_value + std::to_string(row)}, {"masking.ratio", row == 0 ? "0.5" : "0.75"}});
    }
    const Lines lines = runs.lines();
    REQUIRE(lines.size() == 2);
    const std::string cut = std::string(31, 'x') + "…";
    CHECK(lines[0] == "pretrain: data.root differs between rows: " + cut + " (r0), " + cut + " (r1), " + cut +
                          " (r2), " + cut + " (r3), …");
    CHECK(lines[1] == "pretrain: masking.ratio differs between rows: 0.5 (r0), 0.75 (r1, r2, r3, r4, …)");
  }
}
