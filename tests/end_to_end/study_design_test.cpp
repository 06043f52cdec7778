// What a study says is checked before anything of it starts, and what it runs is known from the database alone.
#include "laboratory.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <filesystem>

using namespace vaso;
using namespace vaso::tests;

namespace {

struct Fault {
  const char* study;
  std::vector<std::string> said;
};

// One of each kind: more stand in registry/experiment/study_test.cpp.
const std::vector<Fault> faults = {
    {"[study.factors.g]\na = {}\nb = { \"masking.rato\" = 0.4 }\n", {"`rato`", "did you mean `ratio`"}},
    {"[study.factors]\n\"masknig.ratio\" = [0.4]\n", {"`masknig`", "did you mean `masking`"}},
    {"[study]\nbaseline = { masking.strategy = 'radom' }\n[study.factors]\n\"masking.strategy\" = ['random', "
     "'anatomy']\n",
     {"is no level of", "did you mean `random`"}},
    {"[study]\nseeds = [1, 1]\n", {"twice"}},
    {"[study.factors]\n\"masking.ratio\" = [0.4, 1.4]\n", {"1.4", "between"}},
};

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("faults of a study are found before it runs") {
    const Laboratory lab;
    for (const Fault& fault : faults) {
      lab.write("bad.toml", tiny_experiment() + fault.study);
      const Ended checked = lab.vaso({"config", "check", "bad.toml"});
      INFO(fault.study << "\n" << checked.text());
      CHECK(checked.code == 3);
      CHECK(checked.says("bad.toml:"));
      CHECK(checked.says("^"));
      for (const std::string& words : fault.said) CHECK_MESSAGE(checked.says(words), "does not say " << words);
    }
    CHECK(lab.vaso({"study", "run", "bad.toml"}).code == 3);
    CHECK_FALSE(std::filesystem::exists(lab.path("runs/vaso.db")));
  }

  TEST_CASE("a study is recorded with what it asks for") {
    const Laboratory lab;
    lab.write("study.toml",
              tiny_experiment() +
                  "[study]\nquestion = 'Is it?'\ndesign = 'one_factor'\nseeds = [0, 1]\n"
                  "baseline = { guidance = 'both' }\n[study.factors.guidance]\n"
                  "none = { \"masking.strategy\" = 'random' }\nboth = { masking.strategy = 'anatomy' }\n");
    const Ended dry = lab.vaso({"study", "run", "study.toml", "--dry-run", "--format", "json"});
    INFO(dry.text());
    REQUIRE(dry.code == 0);
    CHECK(nlohmann::json::parse(dry.out).size() == 6);  // a segmentor and two pre-trainings for each seed
    CHECK_FALSE(std::filesystem::exists(lab.path("runs")));

    // One seed first; its runs are reused by the whole study.
    REQUIRE(lab.vaso({"study", "run", "study.toml", "--set", "study.seeds=[1]", "--quiet"}).code == 0);
    const runs::Store store = lab.store();
    CHECK(store.all().size() == 3);
    const auto record = store.study("tiny");
    REQUIRE(record);
    CHECK(record->question == "Is it?");
    CHECK(record->design == "one_factor");
    CHECK(record->file == lab.path("study.toml"));
    CHECK(record->seeds == std::vector<std::int64_t>{1});
    REQUIRE(record->cells.size() == 2);
    CHECK(record->cells[0].name == "guidance=both");
    CHECK(record->cells[0].levels == std::vector<std::string>{"both"});
    CHECK(record->cells[0].baseline);
    REQUIRE(record->runs.size() == 4);  // the segmentor once for each cell
    CHECK(record->runs[0].identity == record->runs[2].identity);
    CHECK(record->factors.at(0).levels.at(1).settings.at(0).second == "\"anatomy\"");
    for (const runs::StudyRun& run : record->runs) CHECK(store.newest_with_identity(run.identity));

    const Ended unknown = lab.vaso({"study", "status", "tiyn"});
    CHECK(unknown.code == 2);
    CHECK(unknown.says("`tiny`"));
    CHECK(lab.vaso({"study", "status", "study.toml"}).says("2 missing") == false);
    const Ended list = lab.vaso({"study", "status"});
    CHECK(list.says("one_factor"));
  }
}
