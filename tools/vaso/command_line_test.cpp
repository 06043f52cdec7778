#include "command_line.hpp"

#include <doctest/doctest.h>

using namespace vaso::cli;

namespace {

struct Parsed {
  std::vector<std::string> words, lists;
  std::string text;
  std::int64_t count = 0;
  bool flag = false;

  explicit Parsed(const Arguments& arguments) {
    CommandLine line("verb", "FILE", "meaning");
    line.words(words, 1, 2, "an experiment file").flag(flag, "dry-run", "").value(text, "format", "F", "");
    line.value(count, "last", "N", "").list(lists, "set", "P=V", "");
    line.parse(arguments);
  }
};

std::string complaint(const Arguments& arguments) {
  try {
    Parsed parsed(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("options and words in any order") {
    const Parsed parsed(
        {"--set", "a=1", "file.toml", "--dry-run", "--set=b=[1, 2]", "--last", "5", "--format", "json"});
    CHECK(parsed.words == std::vector<std::string>{"file.toml"});
    CHECK(parsed.lists == std::vector<std::string>{"a=1", "b=[1, 2]"});
    CHECK(parsed.text == "json");
    CHECK(parsed.count == 5);
    CHECK(parsed.flag);
  }

  TEST_CASE("an unknown option is answered with the near one") {
    CHECK(complaint({"x", "--formt", "json"}).find("--formt; did you mean `--format`?") != std::string::npos);
  }

  TEST_CASE("the beginning of a name is not the name") {
    CHECK(complaint({"x", "--dry"}).find("--dry") != std::string::npos);
  }

  TEST_CASE("missing, surplus and unreadable values are named") {
    CHECK(complaint({}) == "`vaso verb` needs an experiment file.");
    CHECK(complaint({"a", "b", "c"}).find("`c`") != std::string::npos);
    CHECK(complaint({"a", "--set"}).find("--set") != std::string::npos);
    CHECK(complaint({"a", "--last", "many"}).find("many") != std::string::npos);
  }

  TEST_CASE("help shows options and examples") {
    bool flag = false;
    CommandLine line("verb", "FILE", "What it does.");
    line.flag(flag, "dry-run", "only say so").example("vaso verb x", "an example");
    const std::string help = line.help();
    for (const char* part : {"vaso verb FILE", "What it does.", "--dry-run  only say so", "vaso verb x  an example"}) {
      CHECK(help.find(part) != help.npos);
    }
  }
}
