// A plugin that throws or crashes takes its run with it, and nothing else.
#include "laboratory.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>

using namespace vaso;
using namespace vaso::tests;

namespace {

// Runs the bad strategy, then masking.random, and returns the row of the bad one.
runs::Run run_beside_random(const Laboratory& lab, const std::string& bad) {
  const std::filesystem::path plugins = std::filesystem::absolute(build_dir() / "tests" / "bad_plugins" / bad);
  std::string text = tiny_experiment();
  text.erase(text.find("ratio = 0.5"), std::string("ratio = 0.5").size());  // the bad ones have no parameters
  lab.write("study.toml", text + "\n[study.factors]\n\"masking.strategy\" = [\"" + bad + "\", \"random\"]\n");
  const Ended ended = lab.vaso(
      {"run", "study.toml", "--plugins", plugins, "--set", "phases=[\"pretrain\"]", "--set", "guidance.source=frangi"});
  INFO(ended.text());
  CHECK(ended.code == 5);
  CHECK(ended.says("1 of 2 runs failed"));
  const std::vector<runs::Run> all = lab.store().all();
  REQUIRE(all.size() == 2);
  CHECK(all[0].status == runs::Status::failed);
  CHECK(all[1].status == runs::Status::finished);
  CHECK(all[1].label == "masking.strategy=random");
  return all[0];
}

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("a plugin that throws in mid-run") {
    const Laboratory lab;
    const runs::Run run = run_beside_random(lab, "throws");
    CHECK(run.exit_code == 5);
    CHECK(run.signal == 0);
    CHECK(run.message.find("masking.throws") != std::string::npos);
  }

  TEST_CASE("a plugin that crashes in mid-run") {
    const Laboratory lab;
    const runs::Run run = run_beside_random(lab, "segfaults");
    CHECK(run.signal == SIGSEGV);
    CHECK(run.message.find("SIGSEGV") != std::string::npos);
    const Ended shown = lab.vaso({"show", std::to_string(run.id)});
    CHECK(shown.code == 0);
    CHECK(shown.says("SIGSEGV"));
    CHECK(shown.says("bad_plugins"));
  }
}
