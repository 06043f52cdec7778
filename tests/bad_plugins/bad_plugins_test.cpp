#include "host/plugin_host.hpp"
#include "host/trial.hpp"

#include "sdk/masking.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>

using namespace vaso;
namespace fs = std::filesystem;

namespace {

fs::path folder_of(const std::string& name) { return tests::build_dir() / "tests" / "bad_plugins" / name; }

struct Case {
  const char* folder;
  std::vector<std::string> words;  // all of them in the refusal
};

// Told by the catalogue, which loads nothing.
const Case refused_by_card[] = {
    {"no_card", {"has no .vaso_plugin section"}},
    {"truncated_card", {"card that is cut short"}},
    {"other_sdk",
     {"built for SDK " + std::to_string(VASO_SDK_NUMBER + 1) + ", this host has SDK " + std::to_string(VASO_SDK_NUMBER),
      "rebuild the plugin"}},
    {"other_libtorch", {"built against LibTorch 9.9.9, this host against LibTorch ", "Torch_DIR"}},
    {"other_opencv", {"built against OpenCV 2.4.0, this host against OpenCV ", "OpenCV_DIR"}},
    {"other_compiler", {"built by gcc 4.8.5, this host by "}},
    {"other_abi", {"built with _GLIBCXX_USE_CXX11_ABI=", "rebuild the plugin with -D_GLIBCXX_USE_CXX11_ABI="}},
    {"other_build", {"built as mystery, this host as "}},
    {"text", {"is no ELF library"}},
    {"empty", {"is empty"}},
    {"thirty_two_bit", {"is a 32-bit library"}},
    {"taken_name", {"provides `masking.twin`", "first.so", "second.so"}},
};

// Told by the host, which tries to load them.
const Case refused_by_host[] = {
    {"undefined_symbol", {"does not load", "undefined symbol", "defined_in_no_library"}},
    {"no_entry", {"has no entry vaso_plugin_entry"}},
    {"initialiser_throws", {"its static initialiser threw: no licence server on Sundays"}},
    {"initialiser_segfaults", {"crashed with signal 11", "while being loaded"}},
    {"initialiser_exits", {"ended the process with exit code 3 while being loaded"}},
    {"entry_segfaults", {"crashed with signal 11", "in its entry"}},
    {"bare_entry_throws", {"its entry threw: thrown past the door"}},
    {"entry_throws", {"its entry threw: cannot find my tables"}},
    {"entry_throws_int", {"its entry threw: something that is no std::exception"}},
    {"unlisted", {"registers `masking.stowaway`, which its card does not list"}},
    {"unregistered", {"its card lists `masking.promised`, but its entry does not register it"}},
};

void check_refusal(const plugins::Found& plugin, const Case& expected) {
  INFO(plugin.file.string());
  REQUIRE(plugin.refusals.size() == 1);
  for (const std::string& words : expected.words)
    CHECK_MESSAGE(plugin.refusals[0].find(words) != std::string::npos, plugin.refusals[0]);
}

std::shared_ptr<MaskingStrategy> make(PluginHost& host, const std::string& name) {
  const ComponentEntry& entry = host.component(name).entry;
  return std::dynamic_pointer_cast<MaskingStrategy>(entry.create(entry.parameters(), RunShape{}));
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("what the card tells is refused without loading") {
    for (const Case& expected : refused_by_card) {
      const auto catalogue = plugins::scan({folder_of(expected.folder)});
      INFO(expected.folder);
      REQUIRE(!catalogue.found.empty());
      for (const plugins::Found& plugin : catalogue.found) check_refusal(plugin, expected);
    }
  }

  TEST_CASE("what only loading tells is refused, and the host goes on") {
    std::vector<fs::path> folders{folder_of("good")};
    for (const Case& expected : refused_by_host) folders.push_back(folder_of(expected.folder));
    PluginHost host(plugins::scan(folders));
    host.load_all();
    for (const Case& expected : refused_by_host) {
      INFO(expected.folder);
      bool met = false;
      for (const plugins::Found& plugin : host.catalogue().found) {
        if (plugin.file.parent_path().filename() != expected.folder) continue;
        met = true;
        check_refusal(plugin, expected);
      }
      CHECK(met);
    }
    REQUIRE(host.loaded().size() == 1);
    CHECK(host.loaded()[0]->entry.name == "good");
    CHECK(std::string(host.loaded()[0]->plugin->card.version) == "1.2.3");
    CHECK(make(host, "masking.good") != nullptr);
  }

  TEST_CASE("asking for a component that fails throws its reason, again and again, and loads nothing else") {
    PluginHost host(plugins::scan({folder_of("entry_throws"), folder_of("good"), folder_of("throws")}));
    for (int attempt = 0; attempt < 2; ++attempt) {
      try {
        host.component("masking.entry_throws");
        FAIL("was loaded");
      } catch (const PluginError& error) {
        const std::string text = error.what();
        CHECK(text.find("cannot find my tables") != std::string::npos);
        CHECK(text.find("entry_throws.so") != std::string::npos);
        CHECK(text.find("cannot find my tables", text.find("cannot find my tables") + 1) == std::string::npos);
      }
    }
    CHECK(host.loaded().empty());
    CHECK_THROWS_WITH_AS(host.component("masking.god"), doctest::Contains("`masking.good`"), PluginError);
    CHECK(&host.component("masking.good") == &host.component("masking.good"));
    CHECK(host.loaded().size() == 1);
  }

  TEST_CASE("a plugin that hangs while it loads is given up") {
    const fs::path library = folder_of("initialiser_hangs") / "initialiser_hangs.so";
    const std::string why = try_in_child(library, std::chrono::milliseconds(200));
    CHECK_MESSAGE(why.find("did not come back within 0.2 s while being loaded") != std::string::npos, why);
  }

  TEST_CASE("plugins that fail only in a run load like others") {
    PluginHost host(plugins::scan({folder_of("throws"), folder_of("segfaults")}));
    host.load_all();
    CHECK(host.loaded().size() == 2);
    CHECK(make(host, "masking.throws") != nullptr);
    CHECK(make(host, "masking.segfaults") != nullptr);
  }

  // Hidden visibility and a host that links LibTorch: the combination in which dlclose really unmaps a library.
  TEST_CASE("library code outlives the host that loaded it") {
    Bag state;
    {
      PluginHost host(plugins::scan({folder_of("good")}));
      state = make(host, "masking.good")->state();
    }
    state.at("doubled").sum().backward();
    CHECK(state.at("leaf").grad().equal(at::full({3}, 2.0F)));
  }
}
