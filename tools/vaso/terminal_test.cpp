#include "terminal.hpp"

#include <doctest/doctest.h>

using namespace vaso::cli;

TEST_SUITE("unit") {
  TEST_CASE("durations read like a clock") {
    CHECK(duration(0.44) == "0.4 s");
    CHECK(duration(42) == "0:42");
    CHECK(duration(59.7) == "1:00");
    CHECK(duration(3723) == "1:02:03");
  }

  TEST_CASE("sizes have a unit and no more digits than they need") {
    CHECK(bytes(1000) == "1000 B");
    CHECK(bytes(1536) == "1.5 KiB");
    CHECK(bytes(312L << 20) == "312 MiB");
    CHECK(bytes((1L << 20) - 1) == "1.0 MiB");
  }

  TEST_CASE("counts are grouped by thousands") {
    CHECK(grouped(7) == "7");
    CHECK(grouped(171478) == "171 478");
    CHECK(grouped(-100000) == "-100 000");
  }

  TEST_CASE("columns count code points and skip colours") {
    CHECK(columns("±0.5") == 4);
    CHECK(columns("\033[31mred\033[0m") == 3);
  }

  TEST_CASE("shortening keeps whole characters and closes colours") {
    CHECK(shorten("loss 0.81", 9) == "loss 0.81");
    CHECK(shorten("äöüß", 3) == "äö…");
    CHECK(shorten("\033[31mcrimson\033[0m", 4) == "\033[31mcri\033[0m…");
    CHECK(shorten("anything", 0).empty());
  }

  TEST_CASE("indenting leaves blank lines blank") { CHECK(indent("a\n\nb\n", "  ") == "  a\n\n  b"); }

  TEST_CASE("what goes into a file is not coloured") {
    const Terminal none(-1);
    CHECK_FALSE(none.colours());
    CHECK(none.paint(Paint::red, "x") == "x");
    CHECK(none.width() == 80);
  }
}
