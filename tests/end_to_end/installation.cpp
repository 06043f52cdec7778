#include "installation.hpp"

#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace fs = std::filesystem;

namespace vaso::tests {
namespace {

std::string content(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

Installation::Installation() {
  fs::create_directories(folder_.path() / "work");
  fs::create_directories(folder_.path() / "moved");
  fs::create_directory_symlink(fs::absolute(build_dir()), path("build"));
  const Ended installed = shell("cmake --install build --prefix '" + installed_at().string() + "'");
  REQUIRE_MESSAGE(installed.code == 0, installed.text());
  fs::rename(installed_at(), prefix());
}

void Installation::write(const std::string& name, const std::string& text) const {
  fs::create_directories(path(name).parent_path());
  std::ofstream(path(name), std::ios::binary) << text;
}

Ended Installation::shell(const std::string& lines) const {
  const fs::path script = folder_.path() / "script", out = folder_.path() / "out", err = folder_.path() / "err";
  std::ofstream(script) << "set -euo pipefail\n" << lines << '\n';
  // Nothing of the test's own surroundings but what finds compilers and programs.
  const std::string command = "cd '" + path("").string() + "' && env -i PATH='" + (prefix() / "bin").string() +
                              ":'\"$PATH\" HOME='" + prefix().parent_path().string() +
                              "' LANG=C.UTF-8 CMAKE_GENERATOR=Ninja OMP_WAIT_POLICY=PASSIVE bash '" + script.string() +
                              "' >'" + out.string() + "' 2>'" + err.string() + "'";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), content(out), content(err)};
}

std::vector<GuideStep> guide_steps(const fs::path& page, const std::string& heading) {
  std::ifstream stream(page);
  std::vector<GuideStep> steps;
  bool inside = false;
  std::string before;  // the last line that says something
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("## ")) inside = line == "## " + heading;
    if (!inside) continue;
    if (!line.starts_with("```")) {
      if (!line.empty()) before = line;
      continue;
    }
    GuideStep step;
    const bool commands = line == "```sh";
    for (std::string code; std::getline(stream, code) && code != "```";) step.text += code + '\n';
    if (!commands) {
      if (!before.ends_with("`:")) continue;
      const std::size_t begin = before.rfind('`', before.size() - 3) + 1;
      step.file = before.substr(begin, before.size() - 2 - begin);
    }
    steps.push_back(step);
    before.clear();
  }
  return steps;
}

}  // namespace vaso::tests
