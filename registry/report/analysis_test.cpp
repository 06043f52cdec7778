#include "report/analysis.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <stdexcept>

using namespace vaso::report;
using vaso::runs::Run;
using vaso::runs::Status;
using vaso::runs::Store;

namespace {

const double not_a_number = std::nan("");

// Rows of cells with one value per seed; runs are numbered from 1, row by row.
class Measured {
  vaso::tests::TemporaryFolder folder_;

 public:
  Measured(const std::vector<std::vector<std::vector<double>>>& rows, const std::vector<Better>& better) {
    table.key_names = {"method"};
    for (std::size_t c = 0; c < better.size(); ++c) {
      table.columns.push_back({"finetune", "task", "test.m" + std::to_string(c), "m" + std::to_string(c), better[c]});
    }
    for (const auto& cells : rows) {
      Row& row = table.rows.emplace_back();
      row.key = {"r" + std::to_string(table.rows.size() - 1)};
      for (const auto& values : cells) {
        Cell& cell = row.cells.emplace_back();
        cell.values = values;
        for (std::size_t i = 0; i < values.size(); ++i) {
          cell.seeds.push_back(static_cast<std::int64_t>(i));
          Run run;
          run.seed = cell.seeds.back();
          run.status = Status::finished;
          cell.runs.push_back(store.add(run, {}, {}));
        }
      }
    }
  }

  Analysis analysis(const AnalysisRequest& request = {}) const { return analyse(table, store, request); }

  Store store{folder_.path() / "runs.sqlite"};
  Table table;
};

bool has(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("spread: deviation, t interval, bootstrap") {
    const Measured measured({{{1, 2, 4}}, {{5}}}, {Better::higher});
    const CellAnalysis by_deviation = measured.analysis().cells[0][0];
    CHECK(by_deviation.high - by_deviation.summary.mean == doctest::Approx(by_deviation.summary.deviation));
    const Interval t = t_interval({1, 2, 4}, 0.95), boot = bootstrap_interval({1, 2, 4}, 0.95);
    CHECK(measured.analysis({.spread = Spread::t_interval}).cells[0][0].low == t.low);
    CHECK(measured.analysis({.spread = Spread::bootstrap}).cells[0][0].high == boot.high);
    CHECK(measured.analysis({.spread = Spread::t_interval, .level = 0.1}).cells[0][0].low > t.low);
    CHECK(std::isnan(measured.analysis({.spread = Spread::t_interval}).cells[1][0].low));
    CHECK(has(measured.analysis({.spread = Spread::bootstrap}).caption, "95 % bootstrap interval (BCa) over 1 to 3"));
  }

  TEST_CASE("best, second best and their direction") {
    const Measured measured({{{1}, {1}, {1}}, {{3}, {3}, {3}}, {{2}, {2}, {2}}, {{3}, {4}, {}}},
                            {Better::higher, Better::lower, Better::neither});
    const auto cells = measured.analysis().cells;
    CHECK(cells[1][0].mark == Mark::best);
    CHECK(cells[3][0].mark == Mark::best);  // as good
    CHECK(cells[2][0].mark == Mark::second);
    CHECK(cells[0][0].mark == Mark::none);
    CHECK(cells[0][1].mark == Mark::best);
    CHECK(cells[2][1].mark == Mark::second);
    for (const auto& row : cells) CHECK(row[2].mark == Mark::none);
  }

  TEST_CASE("no marks where nothing is better than something else") {
    CHECK(Measured({{{1}}}, {Better::higher}).analysis().cells[0][0].mark == Mark::none);
    CHECK(Measured({{{1}}, {{1}}}, {Better::higher}).analysis().cells[0][0].mark == Mark::none);
    const auto diverged = Measured({{{not_a_number}}, {{1}}}, {Better::higher}).analysis();
    CHECK(diverged.cells[1][0].mark == Mark::none);
    CHECK(Measured({{{1}}, {{2}}}, {Better::higher}).analysis().cells[0][0].mark == Mark::none);  // second of two
    CHECK(diverged.caption_of_best.empty());
  }

  TEST_CASE("what cannot be told from the best: three seeds tell nothing apart, six do") {
    const Measured three({{{1, 1.1, 1.2}}, {{5, 5.2, 5.1}}, {{0, 0.1, 0.3}}}, {Better::higher});
    const Analysis few = three.analysis();
    CHECK(few.cells[0][0].level_with_best);
    CHECK(few.cells[2][0].level_with_best);
    CHECK_FALSE(few.cells[1][0].level_with_best);
    CHECK(
        has(few.caption, "With 3 seeds no exact test goes below p = 0.25; to get below 0.05 takes at least 6 seeds."));
    CHECK_FALSE(three.analysis({.test = Test::t}).cells[0][0].level_with_best);  // by its assumptions

    const Measured six({{{1, 1.1, 1.2, 1.3, 1.1, 1.2}}, {{5, 5.2, 5.1, 5.3, 5, 5.2}}}, {Better::higher});
    CHECK_FALSE(six.analysis().cells[0][0].level_with_best);
    CHECK_FALSE(has(six.analysis().caption, "no exact test"));
    // The same twice over: two comparisons, and Holm's correction puts 2 · 0.03125 above the level.
    const std::vector<double> low = {1, 1.1, 1.2, 1.3, 1.1, 1.2}, high = {5, 5.2, 5.1, 5.3, 5, 5.2};
    const Measured two({{low, low}, {high, high}}, {Better::higher, Better::higher});
    CHECK(two.analysis().cells[0][0].level_with_best);
    CHECK(has(two.analysis().caption_of_best, "for 2 comparisons"));
  }

  TEST_CASE("one seed: nothing is tested, and that is said") {
    const Analysis single = Measured({{{1}}, {{2}}}, {Better::higher}).analysis();
    CHECK_FALSE(single.cells[0][0].level_with_best);
    CHECK(has(single.caption_of_best, "cannot be said"));
  }

  TEST_CASE("differences and tests against the baseline, corrected over the table") {
    Measured measured({{{1, 2, 3, 4, 5, 6}, {5, 5, 5, 5, 5, 5}},
                       {{2, 3.1, 4.2, 5.3, 6.4, 7.5}, {5, 5, 5, 5, 5, 5}},
                       {{1, 2.5, 2.9}, {}}},
                      {Better::higher, Better::higher});
    measured.table.rows[0].baseline = true;
    const Analysis analysis = measured.analysis();
    CHECK(*analysis.baseline == 0);
    CHECK_FALSE(analysis.cells[0][0].difference);
    CHECK_FALSE(analysis.cells[0][0].test);
    CHECK(*analysis.cells[1][0].difference == doctest::Approx(1.25));
    REQUIRE(analysis.cells[1][0].test);
    const PairedTest& test = *analysis.cells[1][0].test;
    CHECK(test.pairs == 6);
    CHECK(test.p_wilcoxon == 0.03125);
    CHECK(test.p_wilcoxon_holm == 3 * 0.03125);                      // three comparisons have a p
    CHECK(test.p_t_holm == doctest::Approx(2 * test.p_t).scale(0));  // one of them has no t
    CHECK(analysis.cells[1][1].test->p_wilcoxon == 1);
    CHECK(analysis.cells[2][0].test->pairs == 3);  // seeds that both have
    CHECK(*analysis.cells[2][0].difference == doctest::Approx(6.4 / 3 - 3.5));
    CHECK_FALSE(analysis.cells[2][1].test);
    CHECK_FALSE(analysis.cells[2][1].difference);
    CHECK(has(analysis.caption, "Differences are to r0."));
    CHECK(has(analysis.caption, "pair rows by seed (n = 3 to 6)"));
    CHECK(has(analysis.caption, "Holm-corrected over 3 comparisons"));
  }

  TEST_CASE("pairs by image: means over the seeds that both have, images that both measured") {
    Measured measured({{{1, 2}}, {{3, 4, 5}}}, {Better::higher});
    measured.table.rows[0].baseline = true;
    const auto& a = measured.table.rows[1].cells[0].runs;
    const auto& b = measured.table.rows[0].cells[0].runs;
    Store& store = measured.store;
    store.log_per_image(a[0], "test.m0", {{"x", 0.9}, {"y", 0.7}, {"z", not_a_number}, {"only here", 1}});
    store.log_per_image(a[1], "test.m0", {{"x", 0.7}, {"y", 0.6}, {"z", 0.5}});
    store.log_per_image(a[2], "test.m0", {{"x", 0}, {"y", 0}, {"z", 0}});  // a seed that the other lacks
    store.log_per_image(b[0], "test.m0", {{"x", 0.5}, {"y", 0.6}, {"z", 0.5}});
    store.log_per_image(b[1], "test.m0", {{"x", 0.7}, {"y", 0.5}, {"z", 0.1}});
    const Analysis analysis = measured.analysis({.pairing = Pairing::image});
    REQUIRE(analysis.cells[1][0].test);
    const PairedTest& test = *analysis.cells[1][0].test;
    CHECK(test.pairs == 3);  // x: .8 − .6; y: .65 − .55; z, of the second seed alone: .5 − .1
    CHECK(test.mean_difference == doctest::Approx((0.2 + 0.1 + 0.4) / 3).scale(0));
    CHECK(has(analysis.caption, "by image (n = 3, each the mean over the seeds of both)"));
    CHECK(has(analysis.caption, "With 3 images no exact test"));
    CHECK_FALSE(
        Measured({{{1, 2}}, {{3, 4}}}, {Better::higher}).analysis({.pairing = Pairing::image}).cells[1][0].test);
  }

  TEST_CASE("pairs by column: rows as a whole, over columns where more is better") {
    Measured measured({{{0.5}, {0.6}, {0.7}, {10}}, {{0.6}, {0.8}, {0.8}, {1}}},
                      {Better::higher, Better::higher, Better::higher, Better::lower});
    measured.table.rows[0].baseline = true;
    const Analysis analysis = measured.analysis({.pairing = Pairing::column});
    REQUIRE(analysis.across_columns[1]);
    CHECK_FALSE(analysis.across_columns[0]);
    CHECK(analysis.across_columns[1]->pairs == 3);
    CHECK(analysis.across_columns[1]->mean_difference == doctest::Approx(0.4 / 3).scale(0));
    CHECK_FALSE(analysis.cells[1][0].test);
    CHECK(analysis.cells[1][0].difference);
    CHECK(has(analysis.caption, "by column (n = 3)"));
    CHECK(has(analysis.caption, "With 3 columns"));
  }

  TEST_CASE("an empty table, and one without seeds in common") {
    const Analysis empty = Measured({}, {Better::higher}).analysis();
    CHECK(empty.cells.empty());
    CHECK(empty.caption.empty());
    Measured apart({{{1, 2}}, {{3, 4}}}, {Better::higher});
    apart.table.rows[0].baseline = true;
    apart.table.rows[1].cells[0].seeds = {7, 8};
    CHECK(has(apart.analysis().caption, "no two rows share a seed"));
  }

  TEST_CASE("names of options") {
    CHECK(parse_spread("bootstrap") == Spread::bootstrap);
    CHECK(parse_pairing("column") == Pairing::column);
    CHECK(parse_test("t") == Test::t);
    CHECK_THROWS_WITH_AS(parse_spread("se"), "there is no spread `se`; known: sd, t, bootstrap", std::invalid_argument);
    CHECK_THROWS_WITH_AS(parse_pairing("x"), "there is no pairing `x`; known: image, seed, column",
                         std::invalid_argument);
    CHECK_THROWS_AS(parse_test("z"), std::invalid_argument);
  }
}
