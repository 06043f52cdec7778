// What makes the programs comfortable: words completed by real shells, manual pages, colours, events for programs.
#include "laboratory.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace fs = std::filesystem;
using namespace vaso;
using namespace vaso::tests;
using Json = nlohmann::json;

namespace {

bool has_program(const std::string& name) { return std::system(("command -v " + name + " >/dev/null").c_str()) == 0; }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool contains(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

// Runs a script by a shell in the laboratory's folder, where $vaso is the program; what it printed.
std::vector<std::string> by_shell(const Laboratory& lab, const std::string& shell, const std::string& script) {
  lab.write("script", "vaso=" + fs::absolute(build_dir() / "bin" / "vaso").string() + "\n" + script);
  const std::string command =
      "cd '" + lab.path("").string() + "' && env -u VASO_HOME " + shell + " script > answer 2> complaint";
  INFO(shell << ": " << script);
  const int code = std::system(command.c_str());
  CHECK_MESSAGE(code == 0, lab.read("complaint"));
  return lines_of(lab.read("answer"));
}

// What bash offers when Tab is pressed behind these words, by the function that it would call. bash divides words at
// "=".
std::vector<std::string> tab_in_bash(const Laboratory& lab, const std::string& words) {
  return by_shell(lab, "bash --norc",
                  "source <(\"$vaso\" completion bash)\nCOMP_WORDS=(\"$vaso\" " + words +
                      ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_vaso\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n");
}

// The same in zsh; what it does with the answers is its own, and stands in for printing them here.
std::vector<std::string> tab_in_zsh(const Laboratory& lab, const std::string& words) {
  return by_shell(lab, "zsh -f",
                  "compdef() { : }\n_files() { print -r -- \"files $*\" }\n_describe() { print -rl -- \"${(@P)3}\" }\n"
                  "source <(\"$vaso\" completion zsh)\nwords=(\"$vaso\" " +
                      words + ")\nCURRENT=$#words\n_vaso\n");
}

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("bash completes verbs, options, their values, files, runs, settings and components") {
    if (!has_program("bash")) return;
    const Laboratory lab;
    const std::vector<std::string> verbs = tab_in_bash(lab, "''");
    for (const char* verb : {"run", "study", "ls", "plugins", "completion", "--help"}) CHECK(contains(verbs, verb));
    CHECK(std::count(verbs.begin(), verbs.end(), "study") == 1);
    CHECK(tab_in_bash(lab, "study st") == std::vector<std::string>{"status"});
    CHECK(tab_in_bash(lab, "run file.toml --dry") == std::vector<std::string>{"--dry-run"});
    CHECK(tab_in_bash(lab, "table --format l") == std::vector<std::string>{"latex"});
    CHECK(tab_in_bash(lab, "table --format = l") == std::vector<std::string>{"latex"});
    CHECK(tab_in_bash(lab, "table --layout ''").size() == 4);
    CHECK(tab_in_bash(lab, "plugins info masking.an") == std::vector<std::string>{"masking.anatomy"});
    CHECK(tab_in_bash(lab, "guidance make x.toml --source fr") == std::vector<std::string>{"frangi"});
    CHECK(tab_in_bash(lab, "nothing of the kind").size() <= 1);  // an empty line

    lab.write("a study.toml", tiny_experiment());
    lab.write("notes.txt", "");
    fs::create_directory(lab.path("folder"));
    std::vector<std::string> files = tab_in_bash(lab, "config check ''");
    CHECK(contains(files, "a study.toml"));
    CHECK(contains(files, "folder"));
    CHECK_FALSE(contains(files, "notes.txt"));
    CHECK_FALSE(contains(tab_in_bash(lab, "ls --home ''"), "notes.txt"));
    CHECK(contains(tab_in_bash(lab, "ls --home ''"), "folder"));
    CHECK(tab_in_bash(lab, "run 'a study.toml' --set masking.ra") == std::vector<std::string>{"masking.ratio="});
    CHECK(contains(tab_in_bash(lab, "run 'a study.toml' --set masking.strategy = ''"), "anatomy"));

    runs::Run run;
    run.experiment = "first";
    run.phase = "pretrain";
    run.status = runs::Status::finished;
    {
      runs::Store store = lab.store();
      store.log(store.add(run, {}, {{"masking.ratio", "0.5"}}), 0, {{"loss", 1.0}, {"lr", 0.1}});
      runs::StudyRecord study;
      study.name = "ablation";
      store.put_study(study);
    }
    CHECK(contains(tab_in_bash(lab, "show ''"), "1"));
    CHECK(tab_in_bash(lab, "ls --experiment f") == std::vector<std::string>{"first"});
    CHECK(contains(tab_in_bash(lab, "table ab"), "ablation"));
    CHECK(tab_in_bash(lab, "table --metric lr,lo") == std::vector<std::string>{"lr,loss"});
    CHECK(contains(tab_in_bash(lab, "table --by m"), "masking.ratio"));
    CHECK_FALSE(contains(tab_in_bash(lab, "show --home folder ''"), "1"));
  }

  TEST_CASE("zsh gets the same, with what each means") {
    if (!has_program("zsh")) {
      MESSAGE("skipped: there is no zsh");
      return;
    }
    const Laboratory lab;
    CHECK(contains(tab_in_zsh(lab, "''"), "ls:list the runs"));
    CHECK(tab_in_zsh(lab, "table --format=l") == std::vector<std::string>{"--format=latex"});
    CHECK(tab_in_zsh(lab, "run f.toml --dry") ==
          std::vector<std::string>{"--dry-run:say what would run, with steps and images, and stop"});
    CHECK(contains(tab_in_zsh(lab, "config check ''"), "files -g *.toml(-.)"));
    CHECK(contains(tab_in_zsh(lab, "ls --home ''"), "files -/"));
    lab.write("e.toml", tiny_experiment());
    CHECK(contains(tab_in_zsh(lab, "run e.toml --set masking.ra"), "masking.ratio=:0.5"));
  }

  TEST_CASE("there is a manual page for every verb, which groff reads without complaint") {
    const Laboratory lab;
    REQUIRE(lab.vaso({"help", "--man", "--out", "man"}).code == 0);
    const std::vector<std::string> overview = lines_of(lab.vaso({"--help"}).out);
    const auto verbs = std::count_if(overview.begin(), overview.end(), [](const std::string& line) {
      return line.starts_with("  vaso ") && line[26] != ' ';
    });
    std::size_t pages = 0;
    for (const auto& entry : fs::directory_iterator(lab.path("man"))) {
      ++pages;
      if (!has_program("groff")) continue;
      const auto complaints =
          by_shell(lab, "sh", "groff -man -ww -Tutf8 '" + entry.path().string() + "' 2>&1 >/dev/null\n");
      CHECK_MESSAGE(complaints.empty(), entry.path().string() << ": " << (complaints.empty() ? "" : complaints[0]));
    }
    CHECK(pages > 30);
    CHECK(pages >= static_cast<std::size_t>(verbs));  // and vaso.1
    const std::string page = lab.read("man/vaso-study-run.1");
    for (const char* part : {".TH VASO-STUDY-RUN 1", "\\-\\-workers", "study.toml", "EXIT STATUS"}) {
      CHECK_MESSAGE(page.find(part) != page.npos, part);
    }
    CHECK(lab.vaso({"help", "run"}).out == lab.vaso({"run", "--help"}).out);
    CHECK(lab.vaso({"help", "rnu"}).says("did you mean `run`?"));
  }

  TEST_CASE("colours where they are wanted: faults found by either program") {
    const Laboratory lab;
    lab.write("fault.toml", tiny_experiment() + "[masking.anatomy]\nbeta_ned = 1\n");
    lab.write("syntax.toml", "seed = \n");
    const std::string escape = "\033[";
    for (const char* file : {"fault.toml", "syntax.toml"}) {
      CAPTURE(file);
      CHECK(lab.vaso({"config", "check", file}).err.find(escape) == std::string::npos);  // a file is no terminal
      CHECK(lab.vaso({"config", "check", file, "--color", "never"}).err.find(escape) == std::string::npos);
      CHECK(lab.vaso({"config", "check", file, "--color", "always"}).err.find(escape) != std::string::npos);
      CHECK(lab.vaso({"config", "check", file, "--color", "always"}).code == 3);
    }
    CHECK(lab.vaso({"ls", "--color", "sometimes"}).code == 2);
    if (!has_program("script")) return;
    // On a terminal they come by themselves, unless NO_COLOR is set.
    const auto on_terminal = [&](const std::string& setting) {
      const auto lines = by_shell(
          lab, "sh", "TERM=xterm " + setting + " script -qec \"$vaso config show syntax.toml\" /dev/null || true\n");
      return std::any_of(lines.begin(), lines.end(),
                         [&](const std::string& line) { return line.find(escape) != line.npos; });
    };
    CHECK(on_terminal(""));
    CHECK_FALSE(on_terminal("NO_COLOR=1"));
  }

  TEST_CASE("--json: a line for everything that happens, and nothing else on standard output") {
    const Laboratory lab;
    lab.write("tiny.toml", tiny_experiment());
    const Ended ended = lab.vaso({"run", "tiny.toml", "--json"});
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    std::vector<Json> events;
    for (const std::string& line : lines_of(ended.out)) events.push_back(Json::parse(line));
    const auto of = [&](const std::string& name) {
      std::vector<Json> found;
      for (const Json& event : events) {
        if (event.at("event") == name) found.push_back(event);
      }
      return found;
    };
    CHECK(events.front().at("event") == "plan");
    CHECK(events.front().at("runs").size() == 2);
    CHECK(events.back() == Json{{"event", "done"}, {"code", 0}, {"finished", {1, 2}}, {"next", ""}});
    CHECK(of("start").size() == 2);
    CHECK_FALSE(of("stage").empty());
    REQUIRE_FALSE(of("progress").empty());
    const Json progress = of("progress").back();
    CHECK(progress.at("done") == progress.at("total"));
    REQUIRE(of("end").size() == 2);
    const Json end = of("end")[1];
    CHECK(end.at("status") == "finished");
    CHECK(end.at("metrics").at("loss") == lab.store().points(2, "loss").back().value);
    CHECK(fs::exists(fs::path(of("start")[1].at("folder").get<std::string>()) / end.at("files")[0].at("file")));
    CHECK(of("result").size() == 1);
    CHECK(ended.err.empty());

    const Ended again = lab.vaso({"run", "tiny.toml", "--json", "--quiet"});
    CHECK(again.out.find("\"reuse\"") != std::string::npos);
    CHECK(lab.vaso({"run", "tiny.toml", "--json", "--format", "csv"}).code == 2);
    const Ended faulty = lab.vaso({"run", "tiny.toml", "--json", "--set", "masking.ratio=7"});
    CHECK(faulty.code == 3);
    CHECK(Json::parse(lines_of(faulty.out).back()).at("code") == 3);
  }

  TEST_CASE("what comes next is said") {
    const Laboratory lab;
    lab.write("tiny.toml", tiny_experiment());
    const Ended checked = lab.vaso({"config", "check", "tiny.toml", "--set", "masking.ratio=0.4"});
    CHECK(checked.says("million parameters"));
    CHECK(checked.err.find("Next: vaso run tiny.toml --set 'masking.ratio=0.4'") != std::string::npos);
  }
}
