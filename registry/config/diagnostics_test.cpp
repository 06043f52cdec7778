#include "config/diagnostics.hpp"

#include <doctest/doctest.h>

using namespace vaso::config;

TEST_SUITE("unit") {
  TEST_CASE("a diagnostic says what, where, why, and what to do") {
    const Diagnostic fault{"unknown key `rato`",
                           {"quickstart.toml", 12, 3, "  rato = 0.5"},
                           "masking.anatomy has no such parameter",
                           "did you mean `ratio`?"};
    CHECK(render(fault, false) ==
          "quickstart.toml:12:3: error: unknown key `rato`\n"
          "  12 |   rato = 0.5\n"
          "     |   ^\n"
          "  why:  masking.anatomy has no such parameter\n"
          "  hint: did you mean `ratio`?\n");
    CHECK(render(fault, true).find("\x1b[1;31merror\x1b[0m") != std::string::npos);
    CHECK(std::string(ConfigError({fault, fault}).what()) == render(fault, false) + render(fault, false));
  }

  TEST_CASE("the caret counts characters, keeps tabs, and may stand behind the line") {
    CHECK(render({"x", {"f", 1, 4, "é\tü= 1"}, "", ""}, false) == "f:1:4: error: x\n  1 | é\tü= 1\n    |  \t ^\n");
    CHECK(render({"x", {"f", 1, 6, "a ="}, "", ""}, false) == "f:1:6: error: x\n  1 | a =\n    |      ^\n");
  }

  TEST_CASE("an origin without a line is named alone") {
    CHECK(Origin{"--set a=1", 0, 0, ""}.place() == "--set a=1");
    CHECK(render({"x", {"--set a=1", 0, 0, ""}, "", ""}, false) == "--set a=1: error: x\n");
    CHECK(render({"x", {}, "because", ""}, false) == "error: x\n  why:  because\n");
  }

  TEST_CASE("bytes that steer a terminal are not passed on") {
    const std::string shown = render({"key `\x1b[2J`", {"f\x07", 1, 1, "a = \x1b]0;\x7f"}, "\x1b", "\x1b"}, false);
    CHECK(shown.find_first_of("\x1b\x07\x7f") == std::string::npos);
  }

  TEST_CASE("near names: misspellings first, then abbreviations") {
    const std::vector<std::string> names = {"strategy", "ratio",  "warmup_epochs", "epochs",
                                            "base_lr",  "min_lr", "betas"};
    CHECK(near_names("rato", names) == std::vector<std::string>{"ratio"});
    CHECK(near_names("stratgey", names) == std::vector<std::string>{"strategy"});
    CHECK(near_names("Ratio", names) == std::vector<std::string>{"ratio"});
    CHECK(near_names("warmup-epochs", names) == std::vector<std::string>{"warmup_epochs"});
    CHECK(near_names("epoch", names) == std::vector<std::string>{"epochs"});
    CHECK(near_names("warmup", names) == std::vector<std::string>{"warmup_epochs"});
    CHECK(near_names("lr", names) == std::vector<std::string>{"min_lr", "base_lr"});
    // Longer names may be farther off.
    CHECK(near_names("recontsruciton", {"reconstruction"}).size() == 1);
    CHECK(near_names("rtaoi", {"ratio"}).empty());
    CHECK(near_names("colour", names).empty());
    CHECK(near_names("", names).empty());
    CHECK(near_names("x", names).empty());
    CHECK(near_names(std::string(1 << 20, 'r'), names).empty());
    // A swap of neighbours is one slip, not two.
    CHECK(near_names("rtaio", {"ratio"}) == std::vector<std::string>{"ratio"});
    // At most three, the nearest first.
    CHECK(near_names("vit_x", {"vit_ti", "vit_s", "vit_b", "vit_l", "vit_h"}) ==
          std::vector<std::string>{"vit_s", "vit_b", "vit_l"});
  }

  TEST_CASE("a suggestion names near names, else a short list") {
    CHECK(suggestion("rato", {"ratio", "strategy"}) == "did you mean `ratio`?");
    CHECK(suggestion("lr", {"base_lr", "min_lr"}) == "did you mean `min_lr` or `base_lr`?");
    CHECK(suggestion("vit_x", {"vit_s", "vit_b", "vit_l"}) == "did you mean `vit_s`, `vit_b` or `vit_l`?");
    CHECK(suggestion("colour", {"ratio", "strategy"}) == "known: ratio, strategy");
    CHECK(suggestion("colour", std::vector<std::string>(13, "ratio")) == "");
    CHECK(suggestion("colour", {}) == "");
  }
}
