#include "laboratory.hpp"

#include "runs/plugin_checks.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace vaso;
using tests::Ended;
using tests::Laboratory;

namespace {

std::string bad_plugin(const std::string& name) {
  return (tests::build_dir() / "tests" / "bad_plugins" / name).string();
}

std::string own_plugin(const std::string& component) {
  return std::filesystem::absolute(tests::build_dir() / "plugins" / (component + ".so")).string();
}

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("plugins check says what, where, why and what to do, and goes on after a refused and a crashing plugin") {
    const Laboratory laboratory;
    const Ended text = laboratory.vaso(
        {"plugins", "check", bad_plugin("segfaults"), bad_plugin("no_card"), own_plugin("masking.random")});
    CHECK(text.code == 4);
    CHECK(text.says("FAIL  plans"));
    CHECK(text.says("plan() in epoch 0 of 100, 3 images of 8×8 patches"));
    CHECK(
        text.says("crashed with signal 11 (Segmentation fault); its last words: masking.segfaults is about to crash"));
    CHECK(text.says("Decide for the whole batch at once"));
    CHECK(text.says("has no .vaso_plugin section"));
    CHECK(text.says("masking.random  "));
    CHECK(text.says("ok    save and load"));
    CHECK(text.says("2 components examined: broken by"));
    CHECK_FALSE(std::filesystem::exists(laboratory.path("runs")));  // nothing is made where there is no run database

    const Ended quiet = laboratory.vaso({"plugins", "check", own_plugin("masking.random"), "--quiet"});
    CHECK(quiet.code == 0);
    CHECK(quiet.text() == "1 component examined: the contract is kept\n");
  }

  TEST_CASE("what plugins check finds goes into the run database, by the digest of the file") {
    const Laboratory laboratory;
    laboratory.store();  // makes it
    const Ended ended = laboratory.vaso(
        {"plugins", "check", own_plugin("loss.pixel_reconstruction"), bad_plugin("throws"), "--format", "json"});
    CHECK(ended.code == 4);
    const auto answer = nlohmann::json::parse(ended.out);
    CHECK(answer.at("passed") == false);
    REQUIRE(answer.at("plugins").size() == 2);
    const auto checks = runs::read_plugin_checks(laboratory.path("runs/vaso.db"));
    REQUIRE(checks.size() == 2);
    for (const auto& plugin : answer.at("plugins")) {
      const auto& check = checks.at(plugin.at("sha256"));
      CHECK(check.sha256 == runs::sha256_file(std::string(plugin.at("file"))));
      CHECK(check.failures.empty() == plugin.at("passed").get<bool>());
    }
    const Ended missing =
        laboratory.vaso({"plugins", "check", "masking.rndom", "--plugins", bad_plugin("..") + "/../../plugins"});
    CHECK(missing.code == 4);
    CHECK(missing.says("`masking.random`"));
    const Ended absent = laboratory.vaso({"plugins", "check", "nowhere.so"});
    CHECK(absent.code == 2);
    CHECK(absent.says("nowhere.so does not exist"));
  }
}
