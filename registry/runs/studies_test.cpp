#include "runs/connection.hpp"
#include "runs/store.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>

using namespace vaso::runs;
using vaso::tests::TemporaryFolder;

namespace {

StudyRecord an_ablation() {
  StudyRecord study;
  study.name = "guidance";
  study.question = "Is it the guidance, or the \"consistency\"?";
  study.design = "grid";
  study.file = "/experiments/guidance.toml";
  study.config_toml = "name = \"guidance\"\n";
  study.created = "2026-03-01T10:00:00Z";
  study.factors = {{"guidance",
                    {{"sato", {{"masking.strategy", "\"anatomy\""}, {"guidance.source", "\"sato\""}}},
                     {"none", {{"masking.strategy", "\"random\""}}}}},
                   {"consistency", {{"off", {{"consistency", "false"}}}, {"on", {{"consistency", "true"}}}}}};
  study.cells = {{"none, off", {"none", "off"}, true}, {"sato, on", {"sato", "on"}, false}};
  study.seeds = {2, 0, -1};
  study.runs = {{0, 2, "pretrain", "", "aa"}, {1, 2, "finetune", "vessels", "bb"}, {1, 0, "segmentor", "", "aa"}};
  return study;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a study comes back as it was put, every order kept") {
    const TemporaryFolder folder;
    Store store(folder.path() / "vaso.db");
    CHECK(store.studies().empty());
    CHECK_FALSE(store.study("guidance"));
    store.put_study(an_ablation());

    const StudyRecord study = store.study("guidance").value();
    CHECK(study.name == "guidance");
    CHECK(study.question == an_ablation().question);
    CHECK(study.design == "grid");
    CHECK(study.file == "/experiments/guidance.toml");
    CHECK(study.config_toml == an_ablation().config_toml);
    CHECK(study.created == "2026-03-01T10:00:00Z");
    REQUIRE(study.factors.size() == 2);
    CHECK(study.factors[0].name == "guidance");
    REQUIRE(study.factors[0].levels.size() == 2);
    CHECK(study.factors[0].levels[0].name == "sato");
    CHECK(study.factors[0].levels[0].settings == an_ablation().factors[0].levels[0].settings);
    CHECK(study.factors[1].levels[1].name == "on");
    REQUIRE(study.cells.size() == 2);
    CHECK(study.cells[0].baseline);
    CHECK_FALSE(study.cells[1].baseline);
    CHECK(study.cells[1].name == "sato, on");
    CHECK(study.cells[1].levels == std::vector<std::string>{"sato", "on"});
    CHECK(study.seeds == std::vector<std::int64_t>{2, 0, -1});
    REQUIRE(study.runs.size() == 3);
    CHECK(study.runs[1].cell == 1);
    CHECK(study.runs[1].task == "vessels");
    CHECK(study.runs[1].identity == "bb");
    CHECK(study.runs[2].phase == "segmentor");
    CHECK(study.runs[2].seed == 0);
  }

  TEST_CASE("a study put again replaces the one of its name, and no other") {
    const TemporaryFolder folder;
    Store store(folder.path() / "vaso.db");
    store.put_study(an_ablation());
    StudyRecord other = an_ablation();
    other.name = "another";
    other.created.clear();
    store.put_study(other);
    StudyRecord smaller = an_ablation();
    smaller.runs.resize(1);
    smaller.question = "shorter";
    store.put_study(smaller);
    CHECK(store.studies() == std::vector<std::string>{"another", "guidance"});
    CHECK(store.study("guidance")->runs.size() == 1);
    CHECK(store.study("guidance")->question == "shorter");
    CHECK(store.study("another")->runs.size() == 3);
    CHECK(store.study("another")->created.size() == std::string("2026-03-01T10:00:00Z").size());
  }

  TEST_CASE("a study that another program spoiled is named, with a cure") {
    const TemporaryFolder folder;
    Store store(folder.path() / "vaso.db");
    store.put_study(an_ablation());
    Connection(store.file(), SQLITE_OPEN_READWRITE).execute("UPDATE studies SET layout_json = '{\"seeds\": 3}'");
    CHECK_THROWS_WITH_AS(store.study("guidance"), doctest::Contains("Run the study again"), StoreError);
  }
}
