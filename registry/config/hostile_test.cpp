// Files that nobody meant to write, or somebody did: nothing crashes, everything is said.
#include "config/tree.hpp"

#include <doctest/doctest.h>

using namespace vaso::config;

namespace {

bool refused(std::string_view text) {
  try {
    parse(text, "f");
    return false;
  } catch (const ConfigError& error) {
    return !error.diagnostics().empty() && !error.diagnostics().front().what.empty();
  }
}

std::string repeated(std::string_view part, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += part;
  return out;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("empty files are empty configurations") {
    for (const char* text : {"", "\n", "\r\n\r\n", "# only a comment", "\xEF\xBB\xBF", " \t "}) {
      CAPTURE(text);
      CHECK(to_json(parse(text, "f")) == "{}");
    }
  }

  TEST_CASE("Windows line ends and a byte order mark change nothing") {
    const Node root = parse("\xEF\xBB\xBFseed = 1\r\n[masking]\r\nratio = 0.5\r\n", "f");
    CHECK(to_json(root) == R"({"masking":{"ratio":0.5},"seed":1})");
    CHECK(root.find("seed")->origin.place() == "f:1:8");
    CHECK(root.find("masking.ratio")->origin.text == "ratio = 0.5");
  }

  TEST_CASE("bytes that are no text are refused") {
    using namespace std::string_literals;
    CHECK(refused("a = 1\n\0b = 2\n"s));
    CHECK(refused("\0"s));
    CHECK(refused("a = \"\0\""s));
    CHECK(refused("a = '\xff'"));
    CHECK(refused("\x7f\x45LF\x02\x01\x01"));
  }

  TEST_CASE("nesting is limited before anything recurses over it") {
    const int deep = 300'000;  // enough to overflow the stack of a parser that recurses
    CHECK(refused("a = " + repeated("[", deep)));
    CHECK(refused("a = " + repeated("[", deep) + repeated("]", deep)));
    CHECK(refused("a = " + repeated("{a = ", deep) + "1" + repeated("}", deep)));
    CHECK(refused("a" + repeated(".a", deep) + " = 1"));
    CHECK(refused("[a" + repeated(".a", deep) + "]"));
    CHECK(refused("[[a" + repeated(" . \"a\"", deep) + "]]"));
    CHECK(refused("a = " + repeated("{a.a.a.a.a.a.a.a = ", 30) + "1" + repeated("}", 30)));  // 240 levels of both
    CHECK_FALSE(refused("a = " + repeated("[", 30) + repeated("]", 30)));
    // Dots and brackets inside texts and comments nest nothing.
    CHECK_FALSE(refused("# " + repeated("[", deep) + "\na = \"" + repeated(".[\\\"", deep) + "\"\nb = '''\n" +
                        repeated("[.\n", deep) + "'''\nc = '" + repeated("{.", deep) + "'"));
    CHECK_FALSE(refused("a = [" + repeated("1.5, ", deep) + "]"));
    try {
      parse("x = 1\na = " + repeated("[", 40), "f");
      FAIL("accepted");
    } catch (const ConfigError& error) {
      CHECK(error.diagnostics().front().where.place() == "f:2:37");
    }
  }

  TEST_CASE("huge numbers") {
    CHECK(refused("a = 9223372036854775808"));
    CHECK(refused("a = -9223372036854775809"));
    CHECK(refused("a = 1e999"));
    CHECK(refused("a = " + repeated("9", 100'000)));
    CHECK_FALSE(refused("a = 9223372036854775807\nb = -9223372036854775808\nc = 1.7976931348623157e308\n"));
  }

  TEST_CASE("long lines and many values") {
    CHECK(parse("a = [" + repeated("1, ", 100'000) + "]", "f").find("a")->array().size() == 100'000);
    CHECK(parse(repeated("a", 100'000) + " = 1", "f").table().size() == 1);
  }

  TEST_CASE("every cut of a file is read or refused, never worse") {
    const std::string whole =
        "\xEF\xBB\xBFname = \"é\\u00e9\" # x\r\n[a.\"b.c\"]\nd = [1, {e = 2.5e3}, '''\nx''']\n[[l]]\nf = true\n";
    int read = 0;
    for (std::size_t size = 0; size <= whole.size(); ++size) read += refused(whole.substr(0, size)) ? 0 : 1;
    CHECK(read >= 2);  // the empty file and the whole one among them
    CHECK(read < static_cast<int>(whole.size()));
  }
}
