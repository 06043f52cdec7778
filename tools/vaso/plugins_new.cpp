// vaso plugins new: a folder to begin a plugin with.
#include "exit_codes.hpp"
#include "home.hpp"
#include "installation.hpp"
#include "plugin_template.hpp"
#include "plugins/catalogue.hpp"
#include "terminal.hpp"
#include "verbs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

// The root of VasoLab's source where the folder is plugins/KIND/NAME of it, else "".
fs::path source_tree(const std::string& kind, const fs::path& folder) {
  const fs::path whole = fs::absolute(folder).lexically_normal();
  const fs::path root = whole.parent_path().parent_path().parent_path();
  const bool inside = whole.parent_path() == root / "plugins" / kind && fs::exists(root / "core" / "sdk" / "card.h");
  return inside ? root : fs::path();
}

// The next commands, ready to be pasted.
std::vector<std::string> next_commands(const std::string& kind, const std::string& name, const fs::path& folder) {
  const fs::path root = source_tree(kind, folder);
  const std::string experiment = shown(folder / "experiment.toml");
  if (!root.empty()) {
    const std::string build = shown(root / "build");
    return {fmt::format("cmake -S {} -B {}", shown(root), build), fmt::format("cmake --build {}", build),
            fmt::format("vaso plugins check {}.{}", kind, name), "vaso run " + experiment};
  }
  const fs::path prefix = installation();
  const bool known = prefix == "/usr" || prefix == "/usr/local";  // where CMake looks anyway
  const std::string build = shown(folder / "build"), plugins = shown(folder / "build" / "plugins");
  return {fmt::format("cmake -S {} -B {}{}", shown(folder), build,
                      known ? std::string() : " -DCMAKE_PREFIX_PATH=" + prefix.string()),
          fmt::format("cmake --build {}", build), fmt::format("ctest --test-dir {} --output-on-failure", build),
          fmt::format("vaso plugins check {}/{}.{}.so", plugins, kind, name),
          fmt::format("vaso run {} --plugins {}", experiment, plugins)};
}

}  // namespace

int plugins_new(const Arguments& arguments) {
  Common options;
  std::vector<std::string> words;
  std::string parent = ".";
  CommandLine line("plugins new", "KIND NAME [options]",
                   "Writes a folder NAME to begin a component with: source, CMakeLists.txt, test, README and an\n"
                   "experiment that compares it. It is a small method that works: build it, run it, then change it.\n"
                   "KIND is masking, guidance, loss, objective, dataset or head.");
  line.words(words, 2, 2, "a kind and a name");
  line.value(parent, "dir", "DIR", "where the folder is made (default: here)");
  options.take_plugins(line);
  line.example("vaso plugins new masking checkerboard", "a masking strategy in checkerboard/")
      .example("vaso plugins new loss edges --dir ~/methods", "a loss in ~/methods/edges/")
      .example("vaso plugins new head probe --dir plugins/head", "within VasoLab's own source");
  if (!line.parse(arguments)) return exit_ok;

  const std::string &kind = words[0], &name = words[1];
  const std::vector<std::string>& kinds = component_kinds();
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
    throw UsageError(with_suggestion(
        fmt::format("there is no kind of component `{}`; there are {}", kind, fmt::join(kinds, ", ")), kind, kinds));
  }
  if (const std::string fault = fault_of_name(name); !fault.empty()) {
    throw UsageError(
        fmt::format("`{}` cannot name a component: {}.\n"
                    "Names are words of small letters and digits with _ between them: centre_line",
                    name, fault));
  }
  const plugins::Catalogue catalogue =
      plugins::scan(plugins::search_path({options.plugins.begin(), options.plugins.end()}));
  if (const plugins::Found* other = catalogue.provider(kind + "." + name)) {
    throw UsageError(fmt::format("there is a {}.{} already, in {}; two of one name are both refused, choose another",
                                 kind, name, shown(other->file)));
  }
  const fs::path folder = (fs::path(parent) / name).lexically_normal();
  if (fs::exists(folder)) {
    throw UsageError(
        fmt::format("{} exists already; choose another name, or another place with --dir DIR", shown(folder)));
  }

  fmt::print("{}.{}\n", kind, name);
  for (const fs::path& file : write_plugin(kind, name, folder)) fmt::print("  {}\n", shown(file));
  fmt::print("\nNext:\n");
  for (const std::string& command : next_commands(kind, name, folder)) fmt::print("  {}\n", command);
  return exit_ok;
}

}  // namespace vaso::cli
