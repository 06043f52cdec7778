// Faults of configuration and usage: what, where, why and what to do, before anything starts.
#include "laboratory.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <filesystem>

using namespace vaso;
using namespace vaso::tests;

namespace {

struct Fault {
  const char* from;  // this text of the tiny experiment
  const char* to;    // becomes that
  std::vector<std::string> said;
};

const std::vector<Fault> faults = {
    {"ratio = 0.5", "rato = 0.5", {"bad.toml:38:1", "`rato`", "did you mean `ratio`"}},
    {"ratio = 0.5", "ratio = \"half\"", {"bad.toml:38:9", "\"half\""}},
    {"ratio = 0.5", "ratio = 1.5", {"bad.toml:38:9", "1.5"}},
    {"strategy = \"anatomy\"", "strategy = \"anatmy\"", {"bad.toml:37:12", "anatmy", "anatomy"}},
    {"patch_size = 8", "patch_size = 7", {"bad.toml", "patch_size"}},
    {"heads = 2\nimage_size", "heads = 5\nimage_size", {"bad.toml", "heads"}},
    {"seed = 3", "seed = ", {"bad.toml:3:"}},
    {"[segmentor]", "[segmentor]\nweights = \"no/such.safetensors\"", {"bad.toml", "no/such.safetensors"}},
    {"seed = 3", "seed = 3\nepocs = 5", {"bad.toml:4:1", "`epocs`"}},
};

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("faults of an experiment are found before it runs") {
    const Laboratory lab;
    for (const Fault& fault : faults) {
      std::string text = tiny_experiment();
      REQUIRE(text.find(fault.from) != text.npos);
      text.replace(text.find(fault.from), std::string(fault.from).size(), fault.to);
      lab.write("bad.toml", text);
      const Ended checked = lab.vaso({"config", "check", "bad.toml"});
      INFO(std::string(fault.to) << "\n" << checked.text());
      CHECK((checked.code == 3 || checked.code == 4));
      CHECK(checked.says("^"));  // the caret under the source line
      for (const std::string& words : fault.said) CHECK_MESSAGE(checked.says(words), "does not say " << words);
      const Ended run = lab.vaso({"run", "bad.toml"});
      CHECK(run.code == checked.code);
    }
    CHECK_FALSE(std::filesystem::exists(lab.path("runs/vaso.db")));  // nothing was started, nothing recorded
    const Ended missing = lab.vaso({"run", "no_such.toml"});
    CHECK(missing.code == 3);
    CHECK(missing.says("no_such.toml"));
  }

  TEST_CASE("every verb explains itself, and near names are suggested") {
    const Laboratory lab;
    for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{{"run"},
                                                                                      {"ls"},
                                                                                      {"show"},
                                                                                      {"table"},
                                                                                      {"plugins", "ls"},
                                                                                      {"plugins", "info"},
                                                                                      {"config", "show"},
                                                                                      {"config", "check"},
                                                                                      {"data", "info"},
                                                                                      {"data", "preview"},
                                                                                      {"data", "pack"},
                                                                                      {"guidance", "make"},
                                                                                      {"doctor"}}) {
      std::vector<std::string> words = verb;
      words.push_back("--help");
      const Ended help = lab.vaso(words);
      INFO(verb.front());
      CHECK(help.code == 0);
      CHECK(help.out.find("Usage:") == 0);
      CHECK(help.out.find("Examples") != std::string::npos);
    }
    const Ended verb = lab.vaso({"tabel"});
    CHECK(verb.code == 2);
    CHECK(verb.says("`table`"));
    const Ended option = lab.vaso({"ls", "--formt", "json"});
    CHECK(option.code == 2);
    CHECK(option.says("--format"));
    CHECK(lab.vaso({"show", "7"}).code == 2);
    CHECK(lab.vaso({}).code == 0);
    const Ended ls = lab.vaso({"ls"});
    CHECK(ls.code == 0);
    CHECK(ls.says("vaso run"));
  }

  TEST_CASE("plugins and configurations can be read without running anything") {
    const Laboratory lab;
    lab.write("tiny.toml", tiny_experiment());
    const Ended list = lab.vaso({"plugins", "ls"});
    CHECK(list.code == 0);
    CHECK(list.says("masking.anatomy"));
    const Ended info = lab.vaso({"plugins", "info", "masking.anatomy"});
    CHECK(info.code == 0);
    for (const char* word : {"ratio", "beta_end", "0.01 … 0.99", "share of patches hidden"}) CHECK(info.says(word));
    const Ended unknown = lab.vaso({"plugins", "info", "masking.anatmy"});
    CHECK(unknown.code == 4);
    CHECK(unknown.says("masking.anatomy"));
    const Ended shown = lab.vaso({"config", "show", "tiny.toml", "--set", "masking.ratio=0.6"});
    CHECK(shown.code == 0);
    CHECK(shown.says("--set masking.ratio=0.6"));
    CHECK(shown.says("tiny.toml:3:8"));
    CHECK(shown.says("default"));
    CHECK(lab.vaso({"doctor"}).code == 0);
  }

  TEST_CASE("a database of a newer version is read and not written") {
    const Laboratory lab;
    lab.write("tiny.toml", tiny_experiment());
    { const runs::Store made = runs::Store(lab.path("runs/vaso.db")); }
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(lab.path("runs/vaso.db").c_str(), &database) == SQLITE_OK);
    REQUIRE(sqlite3_exec(database, "PRAGMA user_version = 9999", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
    CHECK(lab.vaso({"ls"}).code == 0);
    const Ended run = lab.vaso({"run", "tiny.toml"});
    INFO(run.text());
    CHECK(run.code == 1);
    CHECK(run.says("newer"));
    CHECK(run.says("--home"));
  }
}
