#include "plugins/catalogue.hpp"

#include "bad_plugins/fake_library.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <unistd.h>
#include <cstdlib>

using namespace vaso;
using namespace vaso::tests;
namespace fs = std::filesystem;

namespace {

void write_plugin(const fs::path& file, std::string_view components) {
  fs::create_directories(file.parent_path());
  write_file(file, fake_library(bytes_of(good_card(components))));
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const plugins::Found& entry(const plugins::Catalogue& catalogue, const std::string& name) {
  for (const plugins::Found& plugin : catalogue.found)
    if (plugin.file.filename() == name) return plugin;
  FAIL("no entry " << name);
  std::abort();
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a scan finds libraries, follows links, and counts each file once") {
    TemporaryFolder folder;
    const fs::path root = fs::canonical(folder.path());
    write_plugin(root / "store" / "masking.b.so", "masking.b");
    write_plugin(root / "path" / "masking.a.so", "masking.a guidance.a");
    write_file(root / "path" / "notes.txt", "not looked at");
    fs::create_symlink(root / "store" / "masking.b.so", root / "path" / "linked.so");
    fs::create_symlink(root / "nowhere.so", root / "path" / "dangling.so");

    const auto catalogue = plugins::scan({root / "path", root / "store", root / "absent"});
    CHECK(catalogue.searched.size() == 3);
    CHECK(catalogue.found.size() == 3);
    CHECK(catalogue.components() == std::vector<std::string>{"guidance.a", "masking.a", "masking.b"});
    CHECK(catalogue.names("masking") == std::vector<std::string>{"a", "b"});
    CHECK(catalogue.names("mask").empty());
    REQUIRE(catalogue.provider("masking.b") != nullptr);
    CHECK(catalogue.provider("masking.b")->file == root / "store" / "masking.b.so");
    CHECK(contains(entry(catalogue, "dangling.so").refusals.at(0), "leads nowhere"));
    CHECK(catalogue.provider("masking.b")->sha256().size() == 64);
  }

  TEST_CASE("two plugins with one component name are both refused, each naming both files") {
    TemporaryFolder folder;
    write_plugin(folder.path() / "one" / "first.so", "masking.twin");
    write_plugin(folder.path() / "two" / "second.so", "masking.twin masking.other");
    write_plugin(folder.path() / "two" / "third.so", "masking.third");
    const auto catalogue = plugins::scan({folder.path() / "one", folder.path() / "two"});
    for (const char* name : {"first.so", "second.so"}) {
      REQUIRE(entry(catalogue, name).refusals.size() == 1);
      const std::string& refusal = entry(catalogue, name).refusals[0];
      CHECK(contains(refusal, "`masking.twin`"));
      CHECK(contains(refusal, "first.so"));
      CHECK(contains(refusal, "second.so"));
    }
    CHECK(catalogue.provider("masking.twin") == nullptr);
    CHECK(catalogue.components() == std::vector<std::string>{"masking.third"});
  }

  TEST_CASE("component names on a card are checked") {
    TemporaryFolder folder;
    write_plugin(folder.path() / "none.so", "");
    write_plugin(folder.path() / "camel.so", "masking.RandomBlocks");
    write_plugin(folder.path() / "kindless.so", "random");
    write_plugin(folder.path() / "repeated.so", "masking.x masking.x");
    const auto catalogue = plugins::scan({folder.path()});
    CHECK(contains(entry(catalogue, "none.so").refusals.at(0), "lists no component"));
    CHECK(contains(entry(catalogue, "camel.so").refusals.at(0), "`masking.RandomBlocks`"));
    CHECK(contains(entry(catalogue, "kindless.so").refusals.at(0), "no KIND.NAME"));
    CHECK(contains(entry(catalogue, "repeated.so").refusals.at(0), "twice"));
  }

  TEST_CASE("what cannot be read is reported") {
    if (::geteuid() == 0) {
      MESSAGE("skipped: root can read every file");
      return;
    }
    TemporaryFolder folder;
    write_plugin(folder.path() / "secret.so", "masking.secret");
    fs::permissions(folder.path() / "secret.so", fs::perms::none);
    fs::create_directories(folder.path() / "closed");
    fs::permissions(folder.path() / "closed", fs::perms::none);
    const auto catalogue = plugins::scan({folder.path(), folder.path() / "closed"});
    CHECK(contains(entry(catalogue, "secret.so").refusals.at(0), "Permission denied"));
    CHECK(contains(entry(catalogue, "closed").refusals.at(0), "cannot be listed: Permission denied"));
    fs::permissions(folder.path() / "closed", fs::perms::owner_all);
  }

  TEST_CASE("a missing component is explained") {
    TemporaryFolder folder;
    write_plugin(folder.path() / "random.so", "masking.random");
    write_file(folder.path() / "broken.so", "text");
    VasoCard stale = good_card("masking.stale");
    stale.sdk = 77;
    write_file(folder.path() / "stale.so", fake_library(bytes_of(stale)));
    const auto catalogue = plugins::scan({folder.path(), folder.path() / "absent"});

    const std::string text = catalogue.explain_missing("masking.rndom");
    CHECK(contains(text, "no plugin provides `masking.rndom`"));
    CHECK(text.ends_with("; did you mean `masking.random`?"));
    CHECK(contains(text, "looked in " + folder.path().string()));
    CHECK(contains(text, "absent (does not exist)"));
    CHECK(contains(text, "broken.so: is no ELF library"));

    const std::string refused = catalogue.explain_missing("masking.stale");
    CHECK(contains(refused, "`masking.stale` is provided by "));
    CHECK(contains(refused, "built for SDK 77"));
    CHECK_FALSE(contains(refused, "broken.so"));
  }

  TEST_CASE("the search path: configuration, environment, beside the program, each folder once") {
    TemporaryFolder folder;
    const fs::path root = fs::canonical(folder.path());
    const std::string variable = (root / "b").string() + "::" + (root / "a").string() + ":" + (root / "c").string();
    ::setenv("VASO_PLUGIN_PATH", variable.c_str(), 1);
    const auto path = plugins::search_path({root / "a", root / "x" / ".." / "a"});
    ::unsetenv("VASO_PLUGIN_PATH");
    REQUIRE(path.size() >= 4);
    CHECK(path[0] == root / "a");
    CHECK(path[1] == root / "b");
    CHECK(path[2] == root / "c");
    const fs::path program = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
    CHECK(path[3] == fs::weakly_canonical(program / "plugins"));
    CHECK(path[4] == fs::weakly_canonical(program / "lib" / "vasolab" / "plugins"));
  }
}
