#include "reference_table.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <stdexcept>

using namespace vaso::cli;
using Json = nlohmann::json;

TEST_SUITE("unit") {
  TEST_CASE("tables stand between their comments, the rest is left as it is") {
    const std::string text =
        "# a\n<!-- vaso plugins docs: masking.b -->\nold\n<!-- end -->\nmiddle\n"
        "<!-- vaso plugins docs: loss -->\n<!-- end -->\n";
    CHECK(wanted_tables(text) == std::vector<std::string>{"masking.b", "loss"});
    const auto named = [](const std::string& name) { return "<" + name + ">\n"; };
    const std::string once = with_tables(text, named);
    CHECK(once ==
          "# a\n<!-- vaso plugins docs: masking.b -->\n<masking.b>\n<!-- end -->\nmiddle\n"
          "<!-- vaso plugins docs: loss -->\n<loss>\n<!-- end -->\n");
    CHECK(with_tables(once, named) == once);
    CHECK(wanted_tables("nothing here").empty());
  }

  TEST_CASE("a table without an end is a fault with its line") {
    CHECK_THROWS_WITH_AS(wanted_tables("\n<!-- vaso plugins docs: masking.b -->\ntext\n"),
                         "line 2: this comment needs a line `<!-- end -->` after it, where its table ends",
                         std::runtime_error);
    CHECK_THROWS_AS(wanted_tables("<!-- vaso plugins docs: a.b -->\n<!-- vaso plugins docs: a.c -->\n<!-- end -->\n"),
                    std::runtime_error);
  }

  TEST_CASE("parameters with default, range, unit and meaning") {
    const Json component = {
        {"component", "masking.b"},
        {"parameters",
         {{{"name", "ratio"}, {"default", 0.5}, {"least", 0.05}, {"most", 0.95}, {"meaning", "share|hidden"}},
          {{"name", "side"}, {"default", 3}, {"least", 1}, {"unit", "px"}, {"meaning", "of the window"}},
          {{"name", "mode"}, {"default", "max"}, {"choices", {"mean", "max"}}, {"meaning", "how"}}}}};
    CHECK(parameter_table(component) ==
          "| parameter | default | range | meaning |\n| --- | --- | --- | --- |\n"
          "| `ratio` | `0.5` | 0.05 … 0.95 | share\\|hidden |\n"
          "| `side` | `3` | at least 1 px | of the window |\n"
          "| `mode` | `\"max\"` | mean, max | how |\n");
    CHECK(parameter_table({{"component", "masking.c"}}) == "No parameters.\n");
  }
}
