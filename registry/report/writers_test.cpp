#include "report/formats.hpp"
#include "report/numbers.hpp"
#include "report/statistics.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

using namespace vaso::report;

namespace {

const double no_figure = std::nan("");

Cell cell(std::vector<double> values, std::vector<std::int64_t> runs) {
  std::vector<std::int64_t> seeds;
  for (std::size_t i = 0; i < runs.size(); ++i) seeds.push_back(static_cast<std::int64_t>(i));
  return {std::move(values), std::move(runs), std::move(seeds), {}};
}

// Two seeds of one strategy, three of the other, a metric that one of them lacks, and a run that diverged.
Table sample() {
  Table table;
  table.key_names = {"masking.strategy"};
  table.columns = {{"", "", "loss", "loss", Better::lower},
                   {"", "", "masked_vessel_share", "masked_vessel_share", Better::neither}};
  table.rows = {{{"random"}, {cell({0.8123, 0.8321}, {3, 5}), {}}, false},
                {{"anatomy_50%"}, {cell({0.5, 0.75, 0.625}, {4, 6, 7}), cell({12.5, 14.25, 13}, {4, 6, 7})}, false}};
  table.notes = {"1 run left out: failed (8)", "rows also differ in pretrain.epochs (2, 5)"};
  return table;
}

Table single() {
  Table table;
  table.key_names = {"masking.strategy", "seed"};
  for (const char* metric : {"loss", "lr", "guided"})
    table.columns.push_back({"", "", metric, metric, Better::neither});
  table.rows = {{{"random", "1"}, {cell({0.81234}, {1}), cell({1.5e-4}, {1}), cell({98}, {1})}, false},
                {{"anatomy", "2"}, {cell({no_figure}, {2}), cell({2e-5}, {2}), cell({0}, {2})}, false}};
  return table;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("digits: four significant, more where differences would not show") {
    const auto first = [](const std::vector<double>& column) { return shown(column.front(), digits_for(column)); };
    CHECK(first({0.81234}) == "0.8123");
    CHECK(first({12.345, 1.0}) == "12.35");
    CHECK(first({1234.5}) == "1234");  // to even
    CHECK(first({98, 0}) == "98");
    CHECK(first({0.81234, 0.81231}) == "0.81234");
    CHECK(first({0.8123, 0.8123 + 1e-12}) == "0.8123000");  // no further
    CHECK(first({1.5e-4}) == "1.500e-04");
    CHECK(first({1234567.0}) == "1.235e+06");
    CHECK(first({-0.5}) == "-0.5000");
    CHECK(first({0.5, no_figure}) == "0.5000");
    CHECK(first({no_figure}) == "NaN");
    CHECK(shown(-std::numeric_limits<double>::infinity(), {}) == "-inf");
    CHECK(exact(0.1) == "0.1");
    CHECK(std::stod(exact(1.0 / 3)) == 1.0 / 3);
  }

  TEST_CASE("text") {
    CHECK(write(sample(), Format::text) ==
          "masking.strategy             loss  masked_vessel_share  n\n"
          "────────────────  ───────────────  ───────────────────  ─\n"
          "random            0.8222 ± 0.0140                    –  2\n"
          "anatomy_50%       0.6250 ± 0.1250         13.25 ± 0.90  3\n"
          "\n"
          "Mean ± sample standard deviation over 2 to 3 runs.\n"
          "note: 1 run left out: failed (8)\n"
          "note: rows also differ in pretrain.epochs (2, 5)\n");
    CHECK(write(single(), Format::text) ==
          "masking.strategy  seed    loss         lr  guided\n"
          "────────────────  ────  ──────  ─────────  ──────\n"
          "random               1  0.8123  1.500e-04      98\n"
          "anatomy              2     NaN  2.000e-05       0\n");
  }

  TEST_CASE("Markdown") {
    Table table = sample();
    table.rows[0].key[0] = "a|b";
    CHECK(write(table, Format::markdown) ==
          "| masking.strategy | loss | masked\\_vessel\\_share | n |\n"
          "| :-- | --: | --: | --: |\n"
          "| a\\|b | 0.8222 ± 0.0140 | – | 2 |\n"
          "| anatomy\\_50% | 0.6250 ± 0.1250 | 13.25 ± 0.90 | 3 |\n"
          "\n"
          "Mean ± sample standard deviation over 2 to 3 runs.\n"
          "\n"
          "- note: 1 run left out: failed (8)\n"
          "- note: rows also differ in pretrain.epochs (2, 5)\n");
  }

  TEST_CASE("CSV: full precision, quotes, CRLF") {
    Table table = sample();
    table.rows[0].key[0] = "a \"b\", c";
    table.rows[0].cells[0].values = {1, 3};
    table.rows[1].cells[1].values = {1.0 / 3};
    CHECK(write(table, Format::csv) ==
          "masking.strategy,loss mean,loss sd,loss n,masked_vessel_share mean,masked_vessel_share sd,"
          "masked_vessel_share n\r\n"
          "\"a \"\"b\"\", c\",2,1.4142135623730951,2,,,0\r\n"
          "anatomy_50%,0.625,0.125,3,0.3333333333333333,,1\r\n");
  }

  TEST_CASE("LaTeX: booktabs, escapes, runs behind each row") {
    CHECK(write(sample(), Format::latex) ==
          "% in the preamble: \\usepackage{booktabs} \\usepackage{amssymb}\n"
          "\\begin{table}[t]\n"
          "\\centering\n"
          "\\caption{Mean $\\pm$ sample standard deviation over 2 to 3 runs.}\n"
          "\\label{tab:runs}\n"
          "\\begin{tabular}{lrrr}\n"
          "\\toprule\n"
          "masking.strategy & loss & masked\\_vessel\\_share & n \\\\\n"
          "\\midrule\n"
          "random & $0.8222 \\pm 0.0140$ & -- & 2 \\\\ % runs 3, 5\n"
          "anatomy\\_50\\% & $0.6250 \\pm 0.1250$ & $13.25 \\pm 0.90$ & 3 \\\\ % runs 4, 6, 7\n"
          "\\bottomrule\n"
          "\\end{tabular}\n"
          "\\end{table}\n"
          "% note: 1 run left out: failed (8)\n"
          "% note: rows also differ in pretrain.epochs (2, 5)\n");
    Table table = single();
    table.rows[0].key[0] = "a & b $ # _ { } ~ ^ \\ 5%";
    table.notes = {"two\nlines"};
    const std::string latex = write(table, Format::latex);
    CHECK(latex.find("a \\& b \\$ \\# \\_ \\{ \\} \\textasciitilde{} \\textasciicircum{} \\textbackslash{} 5\\% & 1 & "
                     "$0.8123$ & $1.500 \\times 10^{-4}$ & $98$ \\\\ % run 1\n") != std::string::npos);
    CHECK(latex.find("$\\mathrm{NaN}$") != std::string::npos);
    CHECK(latex.find("\n% note: two lines\n") != std::string::npos);
  }

  TEST_CASE("whole means show their deviation") {
    Table table = sample();
    table.rows = {{{"random"}, {cell({1, 3}, {1, 2}), cell({98, 98}, {1, 2})}, false}};
    CHECK(write(table, Format::markdown).find("| random | 2.0 ± 1.4 | 98 ± 0 | 2 |") != std::string::npos);
  }

  TEST_CASE("n stands behind each metric where they disagree") {
    Table table = sample();
    table.rows[1].cells[1] = cell({13}, {4});
    CHECK(
        write(table, Format::markdown).starts_with("| masking.strategy | loss | n | masked\\_vessel\\_share | n |\n"));
    CHECK(write(table, Format::markdown).find("| 3 | 13 | 1 |") != std::string::npos);
  }

  TEST_CASE("JSON: parsed back, NaN said in words") {
    Table table = sample();
    table.rows[0].cells[0].values[1] = no_figure;
    const auto json = nlohmann::json::parse(write(table, Format::json));
    CHECK(json["by"][0] == "masking.strategy");
    CHECK(json["rows"][1]["key"]["masking.strategy"] == "anatomy_50%");
    CHECK(json["rows"][1]["metrics"]["loss"]["mean"] == 0.625);
    CHECK(json["rows"][1]["metrics"]["loss"]["sd"] == 0.125);
    CHECK(json["rows"][1]["metrics"]["loss"]["runs"] == std::vector<int>{4, 6, 7});
    CHECK(json["rows"][0]["metrics"]["loss"]["values"][1] == "NaN");
    CHECK(json["rows"][0]["metrics"]["loss"]["mean"] == "NaN");
    CHECK(json["rows"][0]["metrics"]["masked_vessel_share"]["mean"].is_null());
    CHECK(json["notes"].size() == 2);
  }

  TEST_CASE("a table without rows is a header and its notes") {
    Table table = sample();
    table.rows.clear();
    CHECK(write(table, Format::text).starts_with("masking.strategy  loss  masked_vessel_share\n"));
    CHECK(write(table, Format::text).ends_with("(2, 5)\n"));
    CHECK(write(table, Format::latex).find("\\midrule\n\\bottomrule") != std::string::npos);
  }

  TEST_CASE("format names") {
    CHECK(parse_format("md") == Format::markdown);
    CHECK(parse_format("markdown") == Format::markdown);
    CHECK(parse_format("latex") == Format::latex);
    CHECK_THROWS_WITH_AS(parse_format("html"), "there is no table format `html`; known: text, md, csv, latex, json",
                         std::invalid_argument);
  }

  TEST_CASE("columns align by what the terminal shows") {
    CHECK(
        align({{"id", "name"}, {"3", "Gefäß"}, {"12", "血管"}, {"7", "e\u0301te\u0301"}, {"8", "two\nlines"}}, true) ==
        "id  name\n"
        "──  ─────────\n"
        " 3  Gefäß\n"
        "12  血管\n"
        " 7  e\u0301te\u0301\n"
        " 8  two lines\n");
    CHECK(align({{"血管", "x"}, {"Gefäß", "y"}, {"\xff", "z"}}, false) == "血管   x\nGefäß  y\n\xff      z\n");
    CHECK(align({{"e\u0301te\u0301", "x"}, {"four", "y"}}, false) == "e\u0301te\u0301   x\nfour  y\n");
    CHECK(align({{"a", "b"}, {"only one"}}, false) == "a         b\nonly one\n");
    CHECK(align({}, true) == "");
  }

  TEST_CASE("sparkline") {
    CHECK(sparkline({0, 1, 2, 3, 4, 5, 6, 7}, 20) == "▁▂▃▄▅▆▇█");
    CHECK(sparkline({0, 0, 10, 10}, 2) == "▁█");
    CHECK(sparkline({5, 5, 5}, 3) == "▄▄▄");
    CHECK(sparkline({0, no_figure, 1}, 3) == "▁×█");
    CHECK(sparkline({}, 3) == "");
    CHECK(sparkline({1, 2}, 0) == "");
  }
}
