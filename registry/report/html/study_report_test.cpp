#include "report/html/study_report.hpp"

#include "report/html/study_runs.hpp"
#include "support/example_study.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>

#include <pugixml.hpp>

#include <fstream>
#include <set>
#include <string>

using namespace vaso;
using namespace vaso::report;

namespace {

// A PNG of one pixel.
constexpr unsigned char pixel[] = {0x89, 'P',  'N',  'G',  '\r', '\n', 0x1A, '\n', 0,    0,    0,    13,   'I',  'H',
                                   'D',  'R',  0,    0,    0,    1,    0,    0,    0,    1,    8,    0,    0,    0,
                                   0,    0x3A, 0x7E, 0x9B, 0x55, 0,    0,    0,    10,   'I',  'D',  'A',  'T',  0x78,
                                   0x9C, 0x63, 0x60, 0,    0,    0,    2,    0,    1,    0x48, 0xAF, 0xA4, 0x71, 0,
                                   0,    0,    0,    'I',  'E',  'N',  'D',  0xAE, 0x42, 0x60, 0x82};
constexpr const char* odd = " <script>alert(\"1\")</script> & 'é' ${x} %s {}";

struct Fixture {
  tests::TemporaryFolder folder;
  runs::Store store{folder.path() / "vaso.db"};

  runs::StudyRecord make(tests::ExampleStudy wanted = {}) {
    const auto picture = folder.path() / "pixel.png";
    std::ofstream(picture, std::ios::binary).write(reinterpret_cast<const char*>(pixel), sizeof pixel);
    wanted.picture = picture;
    return tests::fill(store, folder.path() / "runs", wanted);
  }
};

pugi::xml_document parsed(const std::string& text) {
  pugi::xml_document document;
  const pugi::xml_parse_result result = document.load_string(text.c_str(), pugi::parse_default | pugi::parse_ws_pcdata);
  REQUIRE_MESSAGE(result, std::string(result.description())
                              << " near: " << text.substr(static_cast<std::size_t>(result.offset), 80));
  return document;
}

std::string all_text(const pugi::xml_node& node) {
  struct Walker : pugi::xml_tree_walker {
    std::string text;
    bool for_each(pugi::xml_node& each) override {
      if (each.type() == pugi::node_pcdata) text += each.value();
      return true;
    }
  } walker;
  pugi::xml_node copy = node;
  copy.traverse(walker);
  return walker.text;
}

// What every page keeps, whatever is in it.
void check_page(const StudyReport& report) {
  const pugi::xml_document page = parsed(report.html);
  CHECK(report.html.starts_with("<!DOCTYPE html>"));
  CHECK(report.html.find("http:") == std::string::npos);  // nothing is fetched, nor named as if it were
  CHECK(report.html.find("https:") == std::string::npos);
  CHECK(page.select_nodes("//script").size() == 1);
  CHECK(page.select_nodes("//*[@onclick or @onload or @onerror]").empty());
  CHECK(report.html.find("nan") == std::string::npos);
  std::set<std::string> ids, files;
  for (const auto& node : page.select_nodes("//*[@id]")) {
    const std::string id = node.node().attribute("id").value();
    CAPTURE(id);
    CHECK(ids.insert(id).second);
  }
  for (const PlotFile& plot : report.plots) {
    CAPTURE(plot.name);
    CHECK(files.insert(plot.name).second);
    CHECK(std::string(parsed(plot.svg).child("svg").attribute("xmlns").value()) == "http://www.w3.org/2000/svg");
  }
  for (const auto& node : page.select_nodes("//*[@href]")) {
    const std::string href = node.node().attribute("href").value();
    CAPTURE(href.substr(0, 80));
    const bool known =
        href.starts_with("#") ? ids.contains(href.substr(1)) : href.starts_with("data:image/") || files.contains(href);
    CHECK(known);
  }
  for (const auto& node : page.select_nodes("//*[@src]")) {
    CHECK(std::string(node.node().attribute("src").value()).starts_with("data:image/"));
  }
  for (const auto& node : page.select_nodes("//img")) CHECK(*node.node().attribute("alt").value() != '\0');
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a report says what was asked, found, missing, and where it comes from") {
    Fixture fixture;
    const runs::StudyRecord study = fixture.make({.odd = "", .uncommitted = true});
    const StudyReport report = make_study_report(fixture.store, study, {});
    check_page(report);
    const pugi::xml_document page = parsed(report.html);
    const std::string text = all_text(page);
    CHECK(text.find("Is it worth telling the mask where the vessels are?") != std::string::npos);
    CHECK(text.find("the loss is no finite number in epoch 11") != std::string::npos);
    CHECK(page.select_nodes("//section").size() == 9);
    // One square for each cell, seed and part, whether it has run or not.
    CHECK(page.select_nodes("//section[@id='design']//span[starts-with(@class, 'chip')]").size() == 6 * 3 * 4);
    CHECK(page.select_nodes("//span[@class='chip failed']").size() == 1);
    CHECK(page.select_nodes("//span[@class='chip running']").size() == 1);
    CHECK(page.select_nodes("//tr[@class='baseline']").size() >= 2);
    // The mean of three seeds, and under it the runs with their values.
    const pugi::xml_node cell = page.select_node("//div[@id='cell-0']").node();
    REQUIRE(cell);
    const auto run = fixture.store.newest_with_identity("vessels-0-1");
    const double value = fixture.store.points(run->id, "test.dice").front().value;
    CHECK(all_text(cell).find("(run " + std::to_string(run->id) + ")") != std::string::npos);
    CHECK(all_text(cell).find(std::to_string(value).substr(0, 6)) != std::string::npos);
    CHECK(text.find("--again") != std::string::npos);
    CHECK(all_text(page.select_node("//section[@id='audit']").node()).find("uncommitted") != std::string::npos);
    // Best and worst cases of the first comparison, four panels each.
    CHECK(page.select_nodes("//figure[@class='case']").size() > 0);
    CHECK(page.select_nodes("//figure[@class='case'][1]//div[@class='panel']").size() % 4 == 0);
    std::set<std::string> names;
    for (const PlotFile& plot : report.plots) names.insert(plot.name);
    for (const char* name : {"pretrain-masked-vessel-share.svg", "vessels-val-dice.svg", "ranks-finetune.svg",
                             "means-vessels-test-dice.svg", "pretrain-loss.svg"}) {
      CAPTURE(name);
      CHECK(names.contains(name));
    }
  }

  TEST_CASE("names of all kinds arrive as they are and do nothing") {
    Fixture fixture;
    const runs::StudyRecord study = fixture.make({.name = "a/b <c>", .odd = odd});
    const StudyReport report = make_study_report(fixture.store, study, {});
    check_page(report);
    CHECK(report.html.find("<script>alert") == std::string::npos);
    const std::string text = all_text(parsed(report.html));
    CHECK(text.find(std::string("set/7") + odd + ".png") != std::string::npos);
    CHECK(text.find(std::string("co_guidance") + odd) != std::string::npos);
  }

  TEST_CASE("what is not there leaves no hole: nothing has run, one cell, no pictures") {
    Fixture fixture;
    runs::StudyRecord study = fixture.make();
    for (runs::StudyRun& run : study.runs) run.identity += " of another study";
    check_page(make_study_report(fixture.store, study, {}));
    study = *fixture.store.study("ablation");
    study.cells.resize(1);
    study.seeds = {0};
    std::erase_if(study.runs, [](const runs::StudyRun& run) { return run.cell > 0 || run.seed > 0; });
    check_page(make_study_report(fixture.store, study, {}));
    std::filesystem::remove_all(fixture.folder.path() / "runs");
    const StudyReport report = make_study_report(fixture.store, *fixture.store.study("ablation"), {});
    check_page(report);
    CHECK(parsed(report.html).select_nodes("//img").empty());
    CHECK(report.pictures_left_out == 0);  // gone, not left out
  }

  TEST_CASE("pictures beyond the limit are left out, and the page says how many") {
    Fixture fixture;
    const runs::StudyRecord study = fixture.make();
    StudyReportRequest request;
    request.picture_bytes = 3 * sizeof pixel;
    const StudyReport report = make_study_report(fixture.store, study, request);
    check_page(report);
    CHECK(report.pictures_left_out > 0);
    const std::string count = std::to_string(report.pictures_left_out) + " pictures are left out";
    CHECK(report.html.find(count) != std::string::npos);
    std::size_t embedded = 0;
    for (std::size_t at = 0; (at = report.html.find("data:image/png;base64,iVBORw0KGgo", at)) != std::string::npos;
         ++at)
      ++embedded;
    CHECK(embedded == 3);
  }

  TEST_CASE("cells that share their runs are one curve") {
    Fixture fixture;
    runs::StudyRecord study = fixture.make();
    {
      const StudyRuns runs(fixture.store, study);
      CHECK(runs.wanted() == 3 + 18 + 36);
      const auto segmentors = shared_cells(runs, {"segmentor", ""});
      REQUIRE(segmentors.size() == 1);
      CHECK(segmentors[0].name == "all cells");
      CHECK(segmentors[0].runs.size() == 3);
    }
    for (runs::StudyRun& run : study.runs) {
      if (run.cell == 4 && run.phase == "segmentor" && run.seed == 2) run.identity = "another";
    }
    const StudyRuns runs(fixture.store, study);
    const auto segmentors = shared_cells(runs, {"segmentor", ""});
    REQUIRE(segmentors.size() == 2);  // one cell lacks a seed
    CHECK(segmentors[0].cells == std::vector<std::size_t>{0, 1, 2, 3, 5});
    CHECK(segmentors[0].name == "none, off = none, on = frangi, off = frangi, on = co_guidance, on");
    CHECK(shared_cells(runs, {"pretrain", ""}).size() == 6);
    CHECK(runs.find(4, 2, {"pretrain", ""}) == nullptr);
    CHECK(runs.wants(4, 2, {"pretrain", ""}));
    CHECK_FALSE(runs.wants(4, 2, {"evaluate", ""}));
  }

  TEST_CASE("names of files are plain") {
    CHECK(slug("vessels: val.dice") == "vessels-val-dice");
    CHECK(slug("../../etc/passwd") == "etc-passwd");
    CHECK(slug("é") == "x");
    CHECK(slug("") == "x");
  }
}
