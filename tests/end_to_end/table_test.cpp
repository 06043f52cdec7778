// `vaso table` as a user meets it.
#include "laboratory.hpp"
#include "support/example_study.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace vaso;
using namespace vaso::tests;

namespace {

// A database with one study in it.
struct WithStudy : Laboratory {
  explicit WithStudy(const ExampleStudy& wanted = {}) {
    std::filesystem::create_directories(path("runs"));
    runs::Store filled = store();
    fill(filled, path("runs"), wanted);
  }
};

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("a table of a study names its gaps, its tests and what its runs differ in") {
    const WithStudy lab;
    const Ended table = lab.vaso({"table", "ablation"});
    INFO(table.text());
    CHECK(table.code == 0);
    for (const char* words : {"vessels Dice", "avg. rank", "* best", "missing:", "Holm", "seeds no exact test"}) {
      CAPTURE(words);
      CHECK(table.says(words));
    }
    const Ended json = lab.vaso({"table", "ablation", "--format", "json", "--pair", "image"});
    REQUIRE(json.code == 0);
    const auto document = nlohmann::json::parse(json.out);
    CHECK(document["rows"].size() == 6);
    CHECK(document["caption"].get<std::string>().find("by image") != std::string::npos);
    CHECK(lab.vaso({"table", "ablation", "--layout", "ablation", "--baseline", "none, on"}).says("✓"));
  }

  TEST_CASE("--strict: differences beside the factor end with code 7") {
    ExampleStudy untroubled;
    untroubled.troubled = false;
    const WithStudy lab(untroubled);
    const Ended honest = lab.vaso({"table", "ablation", "--strict"});
    INFO(honest.text());
    CHECK(honest.code == 0);
    {
      runs::Store store = lab.store();
      runs::Run run = store.all().back();
      run.device = "another machine";
      store.update(run);
    }
    const Ended unlike = lab.vaso({"table", "ablation", "--strict"});
    INFO(unlike.text());
    CHECK(unlike.code == 7);
    CHECK(unlike.out.find("another machine") != std::string::npos);
    CHECK(unlike.err.find("differ in") != std::string::npos);
    CHECK(lab.vaso({"table", "ablation"}).code == 0);
  }

  TEST_CASE("a table that cannot be made says what could") {
    const WithStudy lab;
    const auto refused = [&](const std::vector<std::string>& words, const std::string& says) {
      std::vector<std::string> call = {"table"};
      call.insert(call.end(), words.begin(), words.end());
      const Ended ended = lab.vaso(call);
      INFO(ended.text());
      CHECK(ended.code == 2);
      CHECK(ended.says(says));
      CHECK(ended.out.empty());
    };
    refused({}, "needs a study");
    refused({"ablatoin"}, "did you mean `ablation`");
    refused({"ablation", "--metric", "test.dcie"}, "did you mean `test.dice`");
    refused({"ablation", "--metric", "vesels/test.dice"}, "did you mean `vessels`");
    refused({"ablation", "--baseline", "none, onn"}, "did you mean `none, on`");
    refused({"ablation", "--by", "seed"}, "not both");
    refused({"ablation", "--phase", "pretrian"}, "did you mean `pretrain`");
    refused({"ablation", "--spread", "se"}, "known: sd, t, bootstrap");
    refused({"ablation", "--level", "5"}, "such as 0.05");
    refused({"ablation", "--standalone"}, "--format latex");
    refused({"--by", "masking.stratgy", "--metric", "loss"}, "masking.strategy");
    refused({"--by", "guidance.source", "--metric", "los"}, "did you mean `loss`");
    refused({"--by", "guidance.source", "--metric", "loss", "--layout", "ablation"}, "--baseline");
  }

  TEST_CASE("without any run a table says what to do") {
    const Laboratory lab;
    CHECK(lab.vaso({"table", "ablation"}).says("vaso run"));
    CHECK(lab.vaso({"table", "--help"}).says("exit code 7"));
  }
}
