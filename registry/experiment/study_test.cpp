#include "experiment/study.hpp"

#include "experiment/plan.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace vaso;
using namespace vaso::experiment;
using config::parse;

namespace {

std::vector<config::Diagnostic> faults_of(const std::string& toml) {
  try {
    expand(parse(toml, "f.toml"));
  } catch (const config::ConfigError& error) {
    return error.diagnostics();
  }
  return {};
}

config::Diagnostic fault_of(const std::string& toml) {
  CAPTURE(toml);
  const std::vector<config::Diagnostic> faults = faults_of(toml);
  REQUIRE(faults.size() == 1);
  return faults.front();
}

// "name: settings" of every cell, an asterisk at the baseline.
std::vector<std::string> cells_of(const std::string& toml) {
  std::vector<std::string> out;
  for (const StudyCell& cell : read_study(parse(toml, "f.toml")).cells) {
    std::string settings;
    for (const Setting& setting : cell.settings) {
      settings += fmt::format(" {}={}", setting.path, config::to_text(setting.value));
    }
    out.push_back(fmt::format("{}{}:{}", cell.baseline ? "*" : "", cell.name, settings));
  }
  return out;
}

using Cells = std::vector<std::string>;

// Two factors, the first of three levels that set two values each.
constexpr const char* factors = R"(
[study.factors.guidance]
none = { "masking.strategy" = "random" }
frangi = { guidance.source = "frangi", "masking.strategy" = "anatomy" }
both = { "masking.strategy" = "anatomy", "guidance.source" = "co_guidance" }
[study.factors.consistency]
off = {}
on = { loss = ["a", "b"] }
)";

std::string study(const std::string& head) { return "[study]\n" + head + "\n" + factors; }

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("grid: every combination; the baseline is the first level of each factor unless it is named") {
    CHECK(
        cells_of(study("")) ==
        Cells{
            R"(*guidance=none consistency=off: masking.strategy="random")",
            R"(guidance=none consistency=on: masking.strategy="random" loss=["a", "b"])",
            R"(guidance=frangi consistency=off: guidance.source="frangi" masking.strategy="anatomy")",
            R"(guidance=frangi consistency=on: guidance.source="frangi" masking.strategy="anatomy" loss=["a", "b"])",
            R"(guidance=both consistency=off: masking.strategy="anatomy" guidance.source="co_guidance")",
            R"(guidance=both consistency=on: masking.strategy="anatomy" guidance.source="co_guidance" loss=["a", "b"])"});
    const auto named = read_study(parse(study("baseline = { guidance = 'both' }"), "f.toml"));
    for (std::size_t i = 0; i < named.cells.size(); ++i) CHECK(named.cells[i].baseline == (i == 4));
    CHECK(named.cells[5].levels == std::vector<std::size_t>{2, 1});
  }

  TEST_CASE("one_factor: the baseline, and one factor changed at a time") {
    const auto cells =
        read_study(
            parse(study("design = 'one_factor'\nbaseline = { guidance = 'frangi', consistency = 'on' }"), "f.toml"))
            .cells;
    REQUIRE(cells.size() == 4);
    CHECK(cells[0].levels == std::vector<std::size_t>{1, 1});
    CHECK(cells[0].baseline);
    CHECK(cells[1].levels == std::vector<std::size_t>{0, 1});
    CHECK(cells[2].levels == std::vector<std::size_t>{2, 1});
    CHECK(cells[3].levels == std::vector<std::size_t>{1, 0});
    CHECK_FALSE(cells[3].baseline);
  }

  TEST_CASE("leave_one_out: the whole method, and each factor in turn at its first level") {
    const auto cells =
        read_study(
            parse(study("design = 'leave_one_out'\nbaseline = { guidance = 'both', consistency = 'on' }"), "f.toml"))
            .cells;
    REQUIRE(cells.size() == 3);
    CHECK(cells[0].baseline);
    CHECK(cells[0].levels == std::vector<std::size_t>{2, 1});
    CHECK(cells[1].levels == std::vector<std::size_t>{0, 1});
    CHECK(cells[2].levels == std::vector<std::size_t>{2, 0});
  }

  TEST_CASE("list: cells as they are named, the first is the baseline unless another says so") {
    const std::string list =
        "[study]\ndesign = 'list'\n[[study.cells]]\nname = 'U-Net'\nset = { phases = ['finetune'] }\n"
        "[[study.cells]]\nname = 'MAE'\nset = { masking.ratio = 0.75, 'masking.strategy' = 'random' }\n"
        "[[study.cells]]\nname = 'as it is'\n";
    CHECK(cells_of(list) ==
          Cells{"*U-Net: phases=[\"finetune\"]", "MAE: masking.ratio=0.75 masking.strategy=\"random\"", "as it is:"});
    CHECK(cells_of(list + "baseline = true") ==
          Cells{"U-Net: phases=[\"finetune\"]", "MAE: masking.ratio=0.75 masking.strategy=\"random\"", "*as it is:"});
    const auto cells = expand(parse(list, "f.toml"));
    CHECK(cells[2].label() == "cell=\"as it is\"");
  }

  TEST_CASE("levels of numbers are named in the baseline as they are written") {
    const auto cells =
        cells_of("[study]\nbaseline = { masking.ratio = 0.75 }\n[study.factors]\n\"masking.ratio\" = [0.5, 0.75]");
    CHECK(cells == Cells{"masking.ratio=0.5: masking.ratio=0.5", "*masking.ratio=0.75: masking.ratio=0.75"});
  }

  TEST_CASE("what a level makes is said to stand where its key stands") {
    const auto cells = expand(parse("[study.factors]\n\"masknig.ratio\" = [0.5]\n", "f.toml"));
    const config::Entry& made = cells[0].tree.table().front();
    CHECK(made.key == "masknig");
    CHECK(made.key_origin.place() == "f.toml:2:1");
    CHECK(made.node.table().front().node.origin.place() == "f.toml:2:20");
  }

  TEST_CASE("seeds repeat every cell") {
    const auto cells = expand(parse(study("seeds = [4, 2]"), "f.toml"));
    REQUIRE(cells.size() == 12);
    CHECK(cells[3].cell == 1);
    CHECK(cells[3].seed == 2);
    CHECK(cells[3].label() == "guidance=none consistency=on seed=2");
    CHECK(expand(parse("seed = 9\n", "f.toml")).front().seed == 9);
  }

  TEST_CASE("factors that cannot be run") {
    CHECK(fault_of("study = 3").what == "`study` must be a table, not the integer 3");
    CHECK(fault_of("[study]\nfactors = 3").what == "`study.factors` must be a table, not integer");
    CHECK(fault_of("[study.factors]\na = 3").what == "the levels of `a` must be a list, not integer");
    CHECK(fault_of("[study.factors]\na = []").what == "`a` has no levels");
    CHECK(fault_of("[study.factors]\na = {}").what == "`a` has no levels");
    const auto unquoted = fault_of("[study.factors]\nmasking.strategy = ['x']");
    CHECK(unquoted.what == "`strategy` is no level of `masking`");
    CHECK(unquoted.hint.find("\"masking.strategy\" = [") != std::string::npos);
    CHECK(fault_of("[study.factors]\na = [1, 2, 1]").what == "`a` has the level 1 twice");
    CHECK(fault_of("[study.factors]\na = [1, 2, 1]").where.place() == "f.toml:2:12");
    CHECK(fault_of("[study.factors]\n\"a.\" = [1]").what == "`a.` cannot be varied");
    CHECK(fault_of("[study.factors]\n\"study.seeds\" = [1]").why == "a study does not vary itself");
    CHECK(fault_of("[study.factors.g]\na = { name = 'x' }").where.place() == "f.toml:2:7");
    CHECK(fault_of("[study.factors.g]\na = { x = 1 }\nb = { x = 1.0 }").what ==
          "the levels `a` and `b` of `g` are equal");
    CHECK(fault_of("[study.factors.g]\na = { x.y = 1, \"x.y\" = 2 }").what == "`x.y` is set twice");
    std::string grid = "[study.factors]\n";
    for (int i = 0; i < 20; ++i) grid += fmt::format("f{} = [1, 2, 3, 4, 5, 6, 7, 8]\n", i);
    CHECK(fault_of(grid).what == "the study has more than 10000 cells");
  }

  TEST_CASE("two factors that set the same value, or one within the other's") {
    const auto same = fault_of(
        "[study.factors]\n\"masking.strategy\" = ['a', 'b']\n[study.factors.g]\nx = {}\n"
        "y = { \"masking.strategy\" = 'c' }");
    CHECK(same.what == "`masking.strategy` and `g` both set `masking.strategy`");
    CHECK(same.where.place() == "f.toml:5:7");
    CHECK(same.why.find("f.toml:2:1") != std::string::npos);
    CHECK(fault_of("[study.factors]\nloss = [[1], [2]]\n\"loss.0.weight\" = [1, 2]").what ==
          "`loss` and `loss.0.weight` both set `loss.0.weight`");
    CHECK(faults_of("[study.factors]\n\"a.b\" = [1]\n\"a.bc\" = [1]").empty());
  }

  TEST_CASE("seeds that cannot be run") {
    CHECK(fault_of("[study]\nseeds = 3").what == "`seeds` must be a list of integers, not the integer 3");
    CHECK(fault_of("[study]\nseeds = [1, -1]").where.place() == "f.toml:2:13");
    CHECK(fault_of("[study]\nseeds = [1, 'x']").where.column == 13);
    const auto twice = fault_of("[study]\nseeds = [1, 2, 1]");
    CHECK(twice.what == "the seed 1 stands in `study.seeds` twice");
    CHECK(twice.where.place() == "f.toml:2:16");
    CHECK(fault_of("[study]\nseeds = [1]\n[study.factors]\nseed = [2]").what == "`seed` is varied twice");
    CHECK(fault_of("[study]\nseeds = [1]\ndesign = 'list'\n[[study.cells]]\nname = 'a'\nset = { seed = 2 }").what ==
          "`seed` is varied twice");
  }

  TEST_CASE("a baseline that is none") {
    const auto level = fault_of(study("baseline = { guidance = 'frangy' }"));
    CHECK(level.what == "\"frangy\" is no level of `guidance`");
    CHECK(level.hint == "did you mean `frangi`?");
    CHECK(level.where.place() == "f.toml:2:25");
    const auto factor = fault_of(study("baseline = { guidence = 'none' }"));
    CHECK(factor.what == "`guidence` is no factor of this study");
    CHECK(factor.hint == "did you mean `guidance`?");
    CHECK(fault_of(study("baseline = 'none'")).what == "`study.baseline` must be a table, not text");
    const auto missing = fault_of(study("design = 'leave_one_out'"));
    CHECK(missing.what == "design = \"leave_one_out\" without a baseline");
    CHECK(missing.hint == R"(for example `baseline = { guidance = "both", consistency = "on" }`)");
    CHECK(fault_of(study("design = 'leave_one_out'\nbaseline = { guidance = 'both' }")).what ==
          "nothing of `consistency` can be left out");
  }

  TEST_CASE("designs and keys that are none") {
    CHECK(fault_of(study("design = 'leave_one_oat'")).hint == "did you mean `leave_one_out`?");
    CHECK(fault_of(study("sedes = [1]")).hint == "did you mean `seeds`?");
    CHECK(fault_of("[study]\ndesign = 'one_factor'").what == "design = \"one_factor\" without factors");
    CHECK(fault_of("[study]\ndesign = 'list'").what == "design = \"list\" without cells");
    CHECK(fault_of("[study]\n[[study.cells]]\nname = 'a'").what == "`study.cells` has no place in design = \"grid\"");
    CHECK(fault_of("[study]\ndesign = 'list'\nbaseline = {}\n[[study.cells]]\nname = 'a'").what ==
          "`study.baseline` has no place in design = \"list\"");
    CHECK(fault_of("[study]\nworkers = 0").where.place() == "f.toml:2:11");
  }

  TEST_CASE("lists with cells that cannot be told apart") {
    const std::string head =
        "[study]\ndesign = 'list'\n[[study.cells]]\nname = 'a'\nset = { x = 1 }\n[[study.cells]]\n";
    CHECK(fault_of(head + "name = 'a'\nset = { x = 2 }").what == "two cells are called \"a\"");
    CHECK(fault_of(head + "name = 'a'\nset = { x = 2 }").why.find("f.toml:4:8") != std::string::npos);
    CHECK(fault_of(head + "name = 'b'\nset = { x = 1 }").what == "the cell \"b\" sets what another sets");
    CHECK(fault_of(head + "set = { x = 2 }").what == "a cell has no name");
    CHECK(fault_of(head + "name = 'b'\nsett = { x = 2 }").hint == "did you mean `set`?");
    CHECK(fault_of(head + "name = 'b'\nset = 3").what == "`set` must be a table, not integer");
    CHECK(
        fault_of(head + "name = 'b'\nbaseline = true\n[[study.cells]]\nname = 'c'\nset.x = 3\nbaseline = true").what ==
        "the study has two baselines");
  }

  TEST_CASE("every fault is said, not the first alone") {
    CHECK(faults_of("[study]\nseeds = [1, 1]\n[study.factors]\na = 3\nb = []\nc = [1, 1]").size() == 4);
  }
}
