// Whether LaTeX takes our tables as they are.
#include "report/formats.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace vaso::report;
using vaso::runs::Store;

namespace {

bool has_pdflatex() { return std::system("command -v pdflatex > /dev/null 2>&1") == 0; }

// What pdflatex says where it fails; "" where it makes a PDF.
std::string compile(const std::string& document, const std::filesystem::path& folder) {
  std::ofstream(folder / "table.tex") << document;
  std::filesystem::remove(folder / "table.pdf");
  const std::string command =
      "cd '" + folder.string() + "' && pdflatex -halt-on-error -interaction=nonstopmode table.tex > said 2>&1";
  if (std::system(command.c_str()) == 0 && std::filesystem::exists(folder / "table.pdf")) return "";
  std::ifstream said(folder / "said");
  std::ostringstream text;
  text << said.rdbuf();
  return text.str();
}

Cell cell(const std::vector<double>& values, std::int64_t first_run) {
  Cell cell;
  cell.values = values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    cell.seeds.push_back(static_cast<std::int64_t>(i));
    cell.runs.push_back(first_run + static_cast<std::int64_t>(i));
  }
  return cell;
}

// All that LaTeX may stumble over: names with its own signs, NaN, powers of ten, gaps, findings.
Table difficult() {
  Table table;
  table.study = "guidance & 50_% \\ {x}";
  table.key_names = {"masking.strategy", "loss_~^#$"};
  table.columns = {{"finetune", "vessels", "test.dice", "vessels Dice", Better::higher},
                   {"finetune", "a_b", "test.hd95", "a_b <HD95> \"|\"", Better::lower},
                   {"pretrain", "", "lr", "lr", Better::lower}};
  table.rows = {{{"random", "off"}, {cell({0.81, 0.82, 0.80}, 1), cell({12, 13, 14}, 1), cell({1e-5}, 1)}, true},
                {{"anatomy_50%", "on"}, {cell({0.83, 0.84, 0.85}, 4), cell({9, 8, 11}, 4), cell({2e-5}, 4)}, false},
                {{"Gefäß ± …", "off"}, {cell({0.825, 0.83, 0.82}, 7), cell({std::nan("")}, 7), {}}, false}};
  table.rows[2].cells[2].missing = {{0, 0, "not started"}, {1, 12, "failed"}};
  table.notes = {"test.dice: mean over images;\nboth empty counts 1 & 100 %"};
  table.findings = {{Finding::Kind::between_rows, "pretrain", "pretrain.epochs", {{"2", {0}, {1}}, {"5_%", {1}, {4}}}},
                    {Finding::Kind::of_runs, "", "ended early", {{"", {0}, {1}}}}};
  return table;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("every layout compiles, alone and inside a document") {
    if (!has_pdflatex()) {
      MESSAGE("skipped: no pdflatex here (Debian: texlive-latex-base, texlive-latex-recommended)");
      return;
    }
    const vaso::tests::TemporaryFolder folder;
    const Store store(folder.path() / "runs.sqlite");
    const Table table = difficult();
    for (const Layout layout : {Layout::plain, Layout::main, Layout::detection, Layout::ablation}) {
      for (const Spread spread : {Spread::deviation, Spread::bootstrap}) {
        const Analysis analysis = analyse(table, store, {.spread = spread});
        const std::string document = write(table, analysis, {Format::latex, layout, true});
        CHECK(compile(document, folder.path()) == "");
      }
    }
    const std::string part = write(table, analyse(table, store, {}), {Format::latex, Layout::main, false});
    CHECK(compile("\\documentclass{article}\n\\usepackage{booktabs}\n\\usepackage{amssymb}\n\\begin{document}\n" +
                      part + "\\end{document}\n",
                  folder.path()) == "");
    CHECK(compile("\\documentclass{article}\n\\begin{document}\n" + part + "\\end{document}\n", folder.path()) != "");
  }
}
