#include "contract/examine.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

using namespace vaso;
using contract::Outcome;
using contract::Result;

namespace {

std::vector<Result> examine(const std::string& library, const std::string& component, int patience = 60) {
  const auto folder = tests::build_dir() / "tests" / "bad_plugins" / library;
  contract::Request request;
  request.component = component;
  request.patience = std::chrono::seconds(patience);
  return contract::examine(plugins::look_at({folder}), request);
}

const Result& result_of(const std::vector<Result>& results, const std::string& check) {
  for (const Result& each : results)
    if (each.check == check) return each;
  FAIL("there is no check `" << check << "`");
  return results.front();
}

std::vector<std::string> failed(const std::vector<Result>& results) {
  std::vector<std::string> names;
  for (const Result& each : results)
    if (each.outcome == Outcome::failed) names.push_back(each.check);
  return names;
}

struct Broken {
  const char* library;
  const char* component;
  std::vector<std::string> fails;  // these checks, and no others
  const char* rule;                // of the first failure of the first
  const char* words;               // in its `where` or `found`
};

const Broken each_breaks_a_rule[] = {
    {"broken_masking",
     "masking.from_global_generator",
     {"same seed, same plan", "save and load", "global state"},
     "one seed gives one plan",
     "values differ"},
    {"broken_masking",
     "masking.unseeded",
     {"same seed, same plan", "save and load"},
     "one seed gives one plan",
     "plan() in epoch 0 of 100, 5 images of 8×8 patches"},
    {"broken_masking",
     "masking.ignores_seed",
     {"other seed, other plan"},
     "another seed gives another plan",
     "four seeds gave one plan"},
    {"broken_masking",
     "masking.forgetful",
     {"save and load"},
     "a resumed run makes the plans of an uninterrupted one",
     "resumed after epoch 0"},
    {"broken_masking",
     "masking.uneven",
     {"plans"},
     "every image has as many kept patches as the others",
     "3 images of 8×8 patches"},
    {"broken_masking",
     "masking.miscounts",
     {"plans"},
     "`counts` says how many patches are kept",
     "32 are, and it says 31"},
    {"broken_masking",
     "masking.needs_vessels",
     {"plans", "own network"},
     "the process goes on",
     "3 images of 8×8 patches, empty guidance"},
    {"broken_masking",
     "masking.exits",
     {"plans", "same seed, same plan", "other seed, other plan", "own network", "save and load"},
     "the process goes on",
     "ended the process"},
    {"broken_masking",
     "masking.range_too_wide",
     {"range ends", "ratios"},
     "every value in range makes a component, or a ParameterError",
     "ratio = 1 threw: cannot hide everything"},
    {"broken_masking",
     "masking.ignores_ratio",
     {"ratios"},
     "the ratio is honoured, to within a patch",
     "32 of 64 patches are masked, with ratio = 0"},
    {"broken_others",
     "loss.wrong_gradient",
     {"gradient"},
     "the gradient to `prediction` is that of the value",
     "differences in float64 say"},
    {"broken_others", "loss.nan_gradient", {"value", "gradient"}, "the student's gradients are finite", "NaN"},
    {"broken_others", "loss.detached", {"value", "gradient"}, "the value has a gradient", "it has none"},
    {"broken_others", "guidance.scales_by_zero", {"maps"}, "a map is finite", "empty guidance"},
    {"broken_others",
     "dataset.changing_records",
     {"same records in every thread"},
     "every thread reads the same record",
     "two threads"},
    {"broken_others",
     "objective.promises_too_much",
     {"outputs", "partial outputs", "gradient"},
     "every output that outputs() names is computed",
     "`prediction` is not"},
    {"broken_others", "head.needs_labels", {"losses"}, "a loss is a finite scalar with gradient", "empty guidance"},
};

}  // namespace

TEST_SUITE("contract") {
  TEST_CASE("each rule is broken by a plugin, and each of these breaks that rule alone") {
    for (const Broken& broken : each_breaks_a_rule) {
      CAPTURE(broken.component);
      const std::vector<Result> results = examine(broken.library, broken.component);
      CHECK(failed(results) == broken.fails);
      const Result& first = result_of(results, broken.fails.front());
      REQUIRE_FALSE(first.failures.empty());
      const contract::Failure& failure = first.failures.front();
      CHECK(failure.rule == broken.rule);
      CHECK_MESSAGE((failure.where + "\n" + failure.found).find(broken.words) != std::string::npos,
                    failure.where << "\n"
                                  << failure.found);
      CHECK_FALSE(failure.cure.empty());
    }
  }

  TEST_CASE("what hangs is given up, and the other checks are made all the same") {
    const std::vector<Result> results = examine("broken_masking", "masking.hangs", 2);
    const Result& plans = result_of(results, "plans");
    REQUIRE(plans.outcome == Outcome::failed);
    CHECK(plans.failures.front().found == "not finished within 2 s");
    CHECK(plans.failures.front().where.find("plan() in epoch 0") != std::string::npos);
    CHECK(result_of(results, "ratios").outcome == Outcome::skipped);
    CHECK(result_of(results, "save and load").outcome == Outcome::failed);
    CHECK(result_of(results, "defaults").outcome == Outcome::passed);
  }

  TEST_CASE("a crash is told with where it happened, the signal, and what the plugin printed last") {
    const std::vector<Result> results = examine("segfaults", "masking.segfaults");
    const Result& plans = result_of(results, "plans");
    REQUIRE(plans.outcome == Outcome::failed);
    CHECK(plans.failures.front().found ==
          "crashed with signal 11 (Segmentation fault); its last words: masking.segfaults is about to crash");
    CHECK(plans.failures.front().where == "plan() in epoch 0 of 100, 3 images of 8×8 patches");
  }

  TEST_CASE("an exception spoils its own check only") {
    const std::vector<Result> results = examine("throws", "masking.throws");
    CHECK(result_of(results, "plans").failures.front().found == "threw: masking.throws throws in plan()");
    CHECK(result_of(results, "clean exit").outcome == Outcome::passed);
  }

  TEST_CASE("a plugin that does not load fails at its door, and nothing else is tried") {
    const std::vector<Result> results = examine("entry_throws", "masking.entry_throws");
    CHECK(failed(results) == std::vector<std::string>{"door"});
    CHECK(result_of(results, "door").failures.front().found.find("cannot find my tables") != std::string::npos);
    CHECK(result_of(results, "plans").outcome == Outcome::skipped);
  }

  TEST_CASE("examination ends where it is told to stop") {
    contract::Request request;
    request.component = "masking.hangs";
    int asked = 0;
    request.stop = [&] { return ++asked > 20; };
    const auto folder = tests::build_dir() / "tests" / "bad_plugins" / "broken_masking";
    CHECK(contract::examine(plugins::look_at({folder}), request).empty());
  }
}
