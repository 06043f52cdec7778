#include "report/formats.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

using namespace vaso::report;
using vaso::runs::Store;

namespace {

Cell cell(const std::vector<double>& values, std::int64_t first_run) {
  Cell cell;
  cell.values = values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    cell.seeds.push_back(static_cast<std::int64_t>(i));
    cell.runs.push_back(first_run + static_cast<std::int64_t>(i));
  }
  return cell;
}

// Guidance and consistency, each off and on; the last cell has not been run in one column.
Table ablation() {
  Table table;
  table.study = "ablation";
  table.key_names = {"guidance", "consistency"};
  table.columns = {{"finetune", "vessels", "test.dice", "vessels Dice", Better::higher},
                   {"finetune", "vessels", "test.hd95", "vessels HD95", Better::lower}};
  table.rows = {{{"none", "off"}, {cell({0.79, 0.80, 0.81}, 1), cell({11, 12, 13}, 1)}, true},
                {{"none", "on"}, {cell({0.80, 0.81, 0.82}, 4), cell({10, 11, 13.5}, 4)}, false},
                {{"frangi", "off"}, {cell({0.82, 0.83, 0.84}, 7), cell({8, 9, 11}, 7)}, false},
                {{"frangi", "on"}, {cell({0.84, 0.85}, 10), {}}, false}};
  table.rows[3].cells[0].missing = {{2, 12, "failed"}};
  table.rows[3].cells[1].missing = {{0, 0, "not started"}, {1, 0, "not started"}, {2, 0, "not started"}};
  return table;
}

struct Written {
  vaso::tests::TemporaryFolder folder;
  Store store{folder.path() / "runs.sqlite"};

  std::string operator()(const Table& table, Format format, Layout layout, const AnalysisRequest& request = {}) const {
    return write(table, analyse(table, store, request), {format, layout, false});
  }
};

bool has(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("main: best, second, what is level with the best, average rank") {
    const std::string text = Written()(ablation(), Format::text, Layout::main);
    INFO(text);
    CHECK(
        text.starts_with("guidance  consistency         vessels Dice      vessels HD95  avg. rank\n"
                         "────────  ───────────  ───────────────────  ────────────────  ─────────\n"
                         "none      off          0.8000 ± 0.0100   ‡  12.00 ± 1.00   ‡       3.00\n"
                         "none      on           0.8100 ± 0.0100   ‡  11.50 ± 1.80 + ‡       2.00\n"
                         "frangi    off          0.8300 ± 0.0100 + ‡   9.33 ± 1.53 *         1.00\n"
                         "frangi    on           0.8450 ± 0.0071 *               –              –\n"));
  }

  TEST_CASE("what stands below: comparisons, caption, legend, gaps") {
    const std::string text = Written()(ablation(), Format::text, Layout::main);
    CHECK(has(text, "against none, off  column        n  difference"));
    CHECK(has(text,
              "\nMean ± sample standard deviation over 2 to 3 runs. Differences are to none, off. Tests against it "
              "pair rows by seed (n = 2 to 3): paired t-test and exact Wilcoxon signed-rank test, two-sided, "
              "Holm-corrected over 5 comparisons. With 2 seeds no exact test goes below p = 0.5; to get below "
              "0.05 takes at least 6 seeds.\n"));
    CHECK(has(text,
              "\n* best, + second best, ‡ not distinguishable from the best. The rest is told from the best of "
              "its column by the Wilcoxon signed-rank test, paired by seed, at 0.05 after Holm's correction for "
              "5 comparisons.\n"));
    CHECK(has(text, "\nmissing: frangi, on, vessels Dice: seed 2 failed (run 12)\n"));
    CHECK(has(text, "\nmissing: frangi, on, vessels HD95: not started\n"));
    CHECK_FALSE(has(Written()(ablation(), Format::text, Layout::plain), "* best"));
  }

  TEST_CASE("detection: marks without ranks") {
    const std::string text = Written()(ablation(), Format::text, Layout::detection);
    CHECK(has(text, "9.33 ± 1.53 *"));
    CHECK_FALSE(has(text, "rank\n"));
  }

  TEST_CASE("ablation: check marks, differences in brackets") {
    const std::string text = Written()(ablation(), Format::markdown, Layout::ablation);
    CHECK(has(text, "| – | – | 0.8000 ± 0.0100 ‡ |"));
    CHECK(has(text, "| – | ✓ | 0.8100 ± 0.0100 (+0.0100) ‡ | <u>11.50 ± 1.80 (-0.50)</u> ‡ |"));
    CHECK(has(text, "| ✓ | ✓ | **0.8450 ± 0.0071 (+0.0450)** | – |"));
  }

  TEST_CASE("ablation: levels that are not called off are off where they stand first; three levels have names") {
    Table table = ablation();
    const char* levels[] = {"random", "anatomy", "blocks"};
    for (std::size_t r = 0; r < 4; ++r) table.rows[r].key = {r < 2 ? "random" : "anatomy", levels[r % 3]};
    const std::string text = Written()(table, Format::markdown, Layout::ablation);
    CHECK(has(text, "| – | random |"));
    CHECK(has(text, "| – | anatomy |"));
    CHECK(has(text, "| ✓ | blocks |"));
    for (std::size_t r = 0; r < 4; ++r) table.rows[r].key[1] = r % 2 == 0 ? "on" : "off";
    CHECK(has(Written()(table, Format::markdown, Layout::ablation), "| – | ✓ | 0.8000"));
  }

  TEST_CASE("intervals stand in square brackets") {
    const AnalysisRequest request{.spread = Spread::t_interval};
    const std::string text = Written()(ablation(), Format::text, Layout::plain, request);
    CHECK(has(text, "0.8000 [0.7752, 0.8248]"));  // 4.302653 · 0.01 / √3
    CHECK(has(text, "Mean and 95 % t interval over 2 to 3 runs."));
  }

  TEST_CASE("LaTeX: bold, underlined, dagger; gaps and findings in the caption") {
    Table table = ablation();
    table.findings = {
        {Finding::Kind::between_rows, "pretrain", "pretrain.epochs", {{"2", {0, 1}, {1, 4}}, {"5", {2, 3}, {7, 10}}}}};
    const std::string text = Written()(table, Format::latex, Layout::main);
    CHECK(has(text,
              "frangi & off & \\underline{$0.8300 \\pm 0.0100$}$^\\ddagger$ & $\\mathbf{9.33 \\pm 1.53}$ & "
              "$1.00$ \\\\ % runs 7, 8, 9\n"));
    CHECK(has(text, "\\label{tab:ablation}"));
    CHECK(has(text, "Best in bold, second best underlined, $\\ddagger$: not distinguishable from the best."));
    CHECK(has(text, "Missing: frangi, on, vessels HD95: not started."));
    CHECK(has(text,
              "pretrain: pretrain.epochs differs between rows: 2 (none, off, none, on), 5 (frangi, off, frangi, "
              "on).}"));
  }

  TEST_CASE("CSV and JSON hold all of it in full") {
    const std::string csv = Written()(ablation(), Format::csv, Layout::main);
    CHECK(csv.starts_with(
        "guidance,consistency,vessels/test.dice mean,vessels/test.dice sd,vessels/test.dice n,vessels/test.dice "
        "missing,vessels/test.dice mark,vessels/test.dice difference,vessels/test.dice pairs,"));
    CHECK(has(csv, ",average rank\r\n"));
    CHECK(has(csv, "\r\nfrangi,on,0.845,"));
    CHECK(has(csv, ",2,1,best,"));

    const auto json = nlohmann::json::parse(Written()(ablation(), Format::json, Layout::main));
    CHECK(json["study"] == "ablation");
    CHECK(json["columns"][1]["better"] == "lower");
    CHECK(json["rows"][0]["baseline"] == true);
    const auto& dice = json["rows"][3]["metrics"]["vessels/test.dice"];
    CHECK(dice["mark"] == "best");
    CHECK(dice["test"]["pairs"] == 2);
    CHECK(dice["test"]["floor"] == 0.5);
    CHECK(dice["missing"][0]["why"] == "failed");
    CHECK(dice["missing"][0]["run"] == 12);
    CHECK(json["rows"][3]["metrics"]["vessels/test.hd95"]["missing"][0]["run"].is_null());
    CHECK(json["rows"][2]["average_rank"] == 1);
    CHECK_FALSE(json["rows"][3].contains("average_rank"));
  }

  TEST_CASE("layout names") {
    CHECK(parse_layout("ablation") == Layout::ablation);
    CHECK_THROWS_WITH_AS(parse_layout("wide"), "there is no layout `wide`; known: plain, main, detection, ablation",
                         std::invalid_argument);
  }
}
