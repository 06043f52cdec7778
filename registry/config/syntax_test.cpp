// Syntax errors: the caret stands under the fault, and the hint fits the slip.
#include "config/tree.hpp"
#include "config/utf8.hpp"

#include <doctest/doctest.h>

using namespace vaso::config;

namespace {

Diagnostic syntax_fault(std::string_view text) {
  try {
    parse(text, "f.toml");
  } catch (const ConfigError& error) {
    REQUIRE(error.diagnostics().size() == 1);
    return error.diagnostics().front();
  }
  FAIL("no error in: " << text);
  return {};
}

// The rest of the line from the character under the rendered caret on.
std::string under_caret(const Diagnostic& fault) {
  const std::string shown = render(fault, false);
  const std::size_t first = shown.find('\n') + 1;
  const std::size_t second = shown.find('\n', first) + 1;
  const std::string line = shown.substr(first, second - 1 - first);
  const std::string caret = shown.substr(second, shown.find('\n', second) - second);
  REQUIRE(caret.ends_with('^'));
  return line.substr(byte_of_column(line, column_of_byte(caret, caret.size() - 1)));
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("the caret stands under the fault") {
    struct Case {
      const char *text, *rest, *hint;
      int line;
    };
    const Case cases[] = {
        {"x = 1\nstrategy = anatomy  # ours\n", "anatomy  # ours", "text stands in quotes: \"anatomy\"", 2},
        {"strategy = train\n", "train", "text stands in quotes: \"train\"", 1},
        {"strategy = frangi\n", "frangi", "text stands in quotes: \"frangi\"", 1},
        {"strategy = net\n", "net", "text stands in quotes: \"net\"", 1},
        {"strategy = images\n", "images", "text stands in quotes: \"images\"", 1},
        {"root = /data/frames\n", "/data/frames", "text stands in quotes: \"/data/frames\"", 1},
        {"flag = True\n", "True", "write `true`, in small letters", 1},
        {"flag = FALSE\n", "FALSE", "write `false`, in small letters", 1},
        {"flag = yes\n", "yes", "write `true`", 1},
        {"flag = off\n", "off", "write `false`", 1},
        {"a = \nb = 1\n", "", "write the value behind `=`; text without content is \"\"", 1},
        {"a = \"open\nb = 1\n", "", "a text ends on its line with the quote it began with", 1},
        {"a = 'open\r\nb = 1\r\n", "", "a text ends on its line with the quote it began with", 1},
        {"[masking\nx = 1\n", "", "", 1},
        {"[masking]\nratio 0.5\n", "0.5",
         "a line is `key = value`; keys beyond letters, digits, _ and - stand in quotes", 2},
        {"x = 1\nratio = 0.5\nratio = 0.6\n", "ratio = 0.6",
         "a key stands once in its table, and a table once in its file", 3},
        {"t = {a = 1, a = 2}\n", "a = 2}", "a key stands once in its table, and a table once in its file", 1},
        {"[a]\nx=1\n[a]\ny=1\n", "[a]", "a key stands once in its table, and a table once in its file", 3},
        {"a = 0.5 0.6\n", "0.6", "one value per line; text stands in quotes, lists in [ ]", 1},
        {"ratio = 0,5\n", ",5", "numbers have a point, not a comma; lists stand in [ ]", 1},
        {"ratio = .5\n", ".5", "a number has digits on both sides of its point: 0.5, 5.0", 1},
        {"ratio = 5.\n", "5.", "a number has digits on both sides of its point: 0.5, 5.0", 1},
        {"seed = 007\n", "007", "a number does not begin with 0, or write it as text in quotes", 1},
        {"seed = 99999999999999999999\n", "99999999999999999999",
         "integers lie between -9223372036854775808 and 9223372036854775807", 1},
        {"lr = 1e400\n", "1e400", "numbers lie between -1.8e308 and 1.8e308", 1},
        {"a = [1, 2\nb = 3\n", "b = 3", "a list ends with ]", 2},
        {"a = {x = 1\ny = 2}\n", "", "a table in { } stands on one line, its entries separated by commas", 1},
        {"root = \"C:\\data\"\n", "data\"", "a backslash is written \\\\, or the text in single quotes: 'C:\\data'", 1},
        {"mäß = 1\n", "äß = 1", "a line is `key = value`; keys beyond letters, digits, _ and - stand in quotes", 1},
        {"day = 2024-01-31\n", "2024-01-31", "text stands in quotes", 1},
        {"\"é\" = [\"ü\", anatomy]\n", "anatomy]", "text stands in quotes: \"anatomy\"", 1},
        {"\tratio = oops\n", "oops", "text stands in quotes: \"oops\"", 1},
        {"\xEF\xBB\xBFratio = oops\n", "oops", "text stands in quotes: \"oops\"", 1},
        {"x = 1\r\nratio = oops\r\n", "oops", "text stands in quotes: \"oops\"", 2},
    };
    for (const Case& c : cases) {
      CAPTURE(c.text);
      const Diagnostic fault = syntax_fault(c.text);
      CHECK(under_caret(fault) == c.rest);
      CHECK(fault.hint == c.hint);
      CHECK(fault.where.line == c.line);
      CHECK(!fault.what.empty());
      CHECK(!fault.why.empty());
    }
  }

  TEST_CASE("what the parser says is said in full") {
    const Diagnostic fault = syntax_fault("[masking\nx = 1\n");
    CHECK(fault.what == "syntax error in table header");
    CHECK(fault.why == "expected ']', saw the end of the line");
  }

  TEST_CASE("a line too long to show has a place all the same") {
    const Diagnostic fault = syntax_fault("a = [" + std::string(1000, ' ') + "oops]\n");
    CHECK(fault.where.line == 1);
    CHECK(fault.where.text.empty());
  }
}
