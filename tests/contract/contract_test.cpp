#include "checks.hpp"
#include "child.hpp"
#include "support/paths.hpp"

#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include <algorithm>

using namespace vaso;

namespace {

constexpr unsigned patience = 240;  // seconds for one component; most take one

contract::Outcome examine(const plugins::Catalogue& catalogue, const std::string& component) {
  return contract::run_in_child(
      [&](contract::Report& report) {
        at::set_num_threads(1);
        PluginHost host(catalogue);
        contract::check_component(host, component, report);
      },
      patience);
}

bool any_contains(const std::vector<std::string>& lines, const std::string& words) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(words) != std::string::npos; });
}

}  // namespace

TEST_SUITE("contract") {
  TEST_CASE("every plugin keeps the contract") {
    const plugins::Catalogue catalogue = plugins::scan(plugins::search_path({tests::build_dir() / "plugins"}));
    for (const plugins::Found& plugin : catalogue.found)
      for (const std::string& refusal : plugin.refusals) FAIL_CHECK(plugin.file.string() << ": " << refusal);
    REQUIRE_MESSAGE(!catalogue.components().empty(), "no plugin in " << (tests::build_dir() / "plugins"));
    for (const std::string& component : catalogue.components()) {
      const contract::Outcome outcome = examine(catalogue, component);
      for (const std::string& skipped : outcome.skipped) MESSAGE(component << ": skipped: " << skipped);
      for (const std::string& failure : outcome.failures) FAIL_CHECK(component << ": " << failure);
      if (outcome.failures.empty()) MESSAGE(component << ": " << outcome.passed << " checks hold");
    }
  }

  TEST_CASE("a broken component is a result, not the end") {
    const auto bad = tests::build_dir() / "tests" / "bad_plugins";
    const plugins::Catalogue catalogue = plugins::scan({bad / "throws", bad / "segfaults", bad / "good"});
    CHECK(any_contains(examine(catalogue, "masking.throws").failures, "throws in plan()"));
    CHECK(any_contains(examine(catalogue, "masking.segfaults").failures,
                       "plan() in epoch 0 of 100: crashed with signal 11"));
    // It keeps every patch, asks for no random number, and has a state that it cannot take back.
    const std::vector<std::string> failures = examine(catalogue, "masking.good").failures;
    CHECK(any_contains(failures, "something is masked"));
    CHECK(any_contains(failures, "another seed gives another plan"));
    CHECK(any_contains(failures, "state(): threw: the checkpoint holds state"));
  }
}
