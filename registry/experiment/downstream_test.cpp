#include "experiment/downstream.hpp"

#include <doctest/doctest.h>

using namespace vaso;
using namespace vaso::experiment;

namespace {

config::Diagnostic fault_of(const std::string& toml, const std::string& task) {
  CAPTURE(toml);
  try {
    with_task(config::parse(toml, "f.toml"), task);
  } catch (const config::ConfigError& error) {
    return error.diagnostics().front();
  }
  FAIL("no error in: " << toml);
  return {};
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("tasks stand in the order of the file") {
    const auto cell = config::parse("[downstream.vessels]\n[downstream.a]\n", "f.toml");
    CHECK(downstream_tasks(cell) == std::vector<std::string>{"vessels", "a"});
    CHECK(downstream_tasks(config::parse("seed = 1\n", "f.toml")).empty());
  }

  TEST_CASE("a task that is like another takes what it does not set itself, sub-tables key by key") {
    const auto cell = config::parse(
        "[downstream.vessels]\nepochs = 5\nhead = 'v'\nv.decoder = 'linear'\nv.threshold = 0.4\n"
        "[downstream.unet]\nlike = 'vessels'\nepochs = 7\nv.decoder = 'unet'\n"
        "[downstream.long]\nlike = 'unet'\nepochs = 9\n",
        "f.toml");
    CHECK(config::to_json(with_task(cell, "long")) ==
          R"({"downstream":{"long":{"epochs":9,"head":"v","v":{"decoder":"unet","threshold":0.4}}}})");
    CHECK(with_task(cell, "long").find("downstream.long.v.threshold")->origin.line == 5);
    CHECK(with_task(cell, "unet").find("downstream.unet.v.decoder")->origin.line == 9);
  }

  TEST_CASE("all tasks resolved at once are those resolved one by one") {
    auto cell = config::parse("[downstream.a]\nlike = 'b'\nx = 1\n[downstream.b]\nx = 2\ny = 3\n", "f.toml");
    resolve_tasks(cell);
    CHECK(config::to_json(cell) == R"({"downstream":{"a":{"x":1,"y":3},"b":{"x":2,"y":3}}})");
    CHECK(config::to_json(with_task(cell, "a")) == R"({"downstream":{"a":{"x":1,"y":3}}})");
  }

  TEST_CASE("faults") {
    CHECK(fault_of("[downstream.vessels]\n", "vesels").hint == "did you mean `vessels`?");
    CHECK(fault_of("[downstream.a]\nlike = 'b'\n", "a").where.place() == "f.toml:2:8");
    CHECK(fault_of("[downstream.a]\nlike = 'b'\n[downstream.b]\nlike = 'a'\n", "a").what ==
          "[downstream.a] is like itself");
    CHECK(fault_of("[downstream.a]\nlike = 3\n", "a").why == "found integer");
    CHECK(fault_of("[downstream]\nhead = 'x'\n", "a").what == "`downstream.head` is no task");
    CHECK(fault_of("downstream = 3\n", "a").why == "found integer");
  }
}
