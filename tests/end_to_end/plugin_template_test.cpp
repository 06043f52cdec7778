// `vaso plugins new` and `vaso plugins docs`, without building anything: the templates are built with the tests
// (tests/plugin_template), and as a user would in plugin_author_test.cpp.
#include "laboratory.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace fs = std::filesystem;
using namespace vaso;

namespace {

constexpr const char* kinds[] = {"masking", "guidance", "loss", "objective", "dataset", "head"};

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("plugins new writes a folder for every kind of component, under its own name") {
    const tests::Laboratory lab;
    for (const std::string kind : kinds) {
      CAPTURE(kind);
      const tests::Ended made = lab.vaso({"plugins", "new", kind, "own_idea", "--dir", kind});
      REQUIRE_MESSAGE(made.code == 0, made.text());
      CHECK(made.says("cmake --build " + kind + "/own_idea/build"));
      for (const std::string file :
           {"own_idea.cpp", "own_idea_test.cpp", "CMakeLists.txt", "README.md", "experiment.toml"}) {
        CAPTURE(file);
        const std::string text = lab.read(kind + "/own_idea/" + file);
        CHECK(text.find("own_idea") != std::string::npos);
        for (const char* placeholder : {"my_method", "MyMethod"}) CHECK(text.find(placeholder) == std::string::npos);
      }
      CHECK(lab.read(kind + "/own_idea/own_idea.cpp").find("class OwnIdea final") != std::string::npos);
    }
  }

  TEST_CASE("plugins new refuses what could not become a component, and writes nothing") {
    const tests::Laboratory lab;
    const auto refused = [&](const std::vector<std::string>& words, const std::string& why) {
      std::vector<std::string> command = {"plugins", "new"};
      command.insert(command.end(), words.begin(), words.end());
      const tests::Ended ended = lab.vaso(command);
      CHECK(ended.code == 2);
      CHECK_MESSAGE(ended.says(why), ended.text());
    };
    refused({"maskng", "own"}, "masking");
    refused({"masking", "own-idea"}, "it has `-` in it");
    refused({"masking", "random"}, "there is a masking.random already, in ");
    refused({"head", "probe"}, "a class Probe stands in the template for head already");
    refused({"masking"}, "a kind and a name");
    fs::create_directories(lab.path("there"));
    refused({"masking", "there"}, "there exists already");
    CHECK(fs::is_empty(lab.path("there")));
    CHECK_FALSE(fs::exists(lab.path("probe")));
  }

  TEST_CASE("the experiment of a template runs, its plugin found by the experiment's own list of folders") {
    const tests::Laboratory lab;
    const fs::path built = fs::absolute(tests::build_dir()) / "tests" / "plugin_template";
    const fs::path experiment =
        fs::absolute(tests::source_dir()) / "tools" / "plugin_template" / "masking" / "experiment.toml";
    const std::string folders = "plugins=[\"" + built.string() + "\"]";
    const tests::Ended ran = lab.vaso({"run", experiment, "--set", folders, "--quiet", "--set", "pretrain.epochs=1"});
    REQUIRE_MESSAGE(ran.code == 0, ran.text());
    const std::vector<runs::Run> runs = lab.store().all();
    REQUIRE(runs.size() == 2);
    // What was not set is recorded with its default, as for components that come with VasoLab.
    const std::string settings = lab.store().get(runs[1].id)->config_toml;
    CHECK_MESSAGE(settings.find("strength = ") != std::string::npos, settings);
  }

  TEST_CASE("the pages of the components say what the components say of themselves") {
    const tests::Laboratory lab;
    const fs::path plugins = fs::absolute(tests::source_dir()) / "plugins";
    std::vector<std::string> words = {"plugins", "docs", "--check", plugins / "README.md"};
    for (const fs::directory_entry& kind : fs::directory_iterator(plugins)) {
      if (!kind.is_directory()) continue;
      for (const fs::directory_entry& component : fs::directory_iterator(kind))
        if (component.is_directory()) words.push_back(component.path() / "README.md");
    }
    const tests::Ended checked = lab.vaso(words);
    CHECK_MESSAGE(checked.code == 0, checked.text());

    // A page that is not what it should be is named, with the command that mends it.
    lab.write("page.md", "# random\n<!-- vaso plugins docs: masking.random -->\nold\n<!-- end -->\nrest\n");
    const tests::Ended stale = lab.vaso({"plugins", "docs", "page.md", "--check"});
    CHECK(stale.code == 1);
    CHECK_MESSAGE(stale.says("vaso plugins docs page.md"), stale.text());
    CHECK(lab.vaso({"plugins", "docs", "page.md"}).code == 0);
    const std::string page = lab.read("page.md");
    CHECK(page.find("| `ratio` | `0.75` | 0.01 … 0.99 | share of patches hidden") != std::string::npos);
    CHECK(page.find("old") == std::string::npos);
    CHECK(page.ends_with("<!-- end -->\nrest\n"));
    CHECK(lab.vaso({"plugins", "docs", "page.md", "--check"}).code == 0);

    lab.write("wrong.md", "<!-- vaso plugins docs: masking.rndom -->\n<!-- end -->\n");
    const tests::Ended wrong = lab.vaso({"plugins", "docs", "wrong.md"});
    CHECK(wrong.code == 4);
    CHECK_MESSAGE(wrong.says("masking.random"), wrong.text());
    lab.write("plain.md", "# nothing\n");
    CHECK(lab.vaso({"plugins", "docs", "plain.md"}).says("has no place for a table"));
  }
}
