// vaso plugins check: whether plugins keep the contract of their kind.
#include "exit_codes.hpp"
#include "grid.hpp"
#include "home.hpp"
#include "revision.hpp"
#include "runs/plugin_checks.hpp"
#include "terminal.hpp"
#include "verbs.hpp"
#include "worker_query.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace vaso::cli {
namespace {

using Json = nlohmann::json;

std::string text_at(const Json& object, const char* key) { return object.value(key, ""); }

// "12 passed, 1 failed, 2 skipped"
std::string counts_of(const Json& checks) {
  std::string text;
  for (const char* outcome : {"passed", "failed", "skipped"}) {
    const auto count = std::count_if(checks.begin(), checks.end(),
                                     [&](const Json& check) { return text_at(check, "outcome") == outcome; });
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, outcome);
  }
  return text;
}

void print_failure(const Json& failure) {
  const auto part = [&](const char* label, const char* key) {
    if (const std::string text = text_at(failure, key); !text.empty())
      fmt::print("        {}  {}\n", out().paint(Paint::dim, fmt::format("{:5}", label)),
                 indent(text, std::string(15, ' ')).substr(15));
  };
  fmt::print("      {}\n", text_at(failure, "rule"));
  part("where", "where");
  part("found", "found");
  part("do", "cure");
}

void print_check(const Json& check, std::size_t width) {
  const std::string outcome = text_at(check, "outcome");
  const std::string mark = outcome == "passed"    ? out().paint(Paint::green, "ok  ")
                           : outcome == "skipped" ? out().paint(Paint::dim, "skip")
                                                  : out().paint(Paint::red, "FAIL");
  fmt::print("  {}  {:{}}  {}\n", mark, text_at(check, "check"), width,
             out().paint(Paint::dim, text_at(check, "note")));
  for (const Json& failure : check.at("failures")) print_failure(failure);
}

void print_component(const Json& component, const std::string& file, bool failures_only) {
  if (component.at("passed") && failures_only) return;
  const Json& checks = component.at("checks");
  fmt::print("{}  {}  {}\n", out().paint(Paint::bold, text_at(component, "component")), counts_of(checks),
             out().paint(Paint::dim, shown(file)));
  std::size_t width = 0;
  for (const Json& check : checks) width = std::max(width, text_at(check, "check").size());
  for (const Json& check : checks)
    if (!failures_only || text_at(check, "outcome") == "failed") print_check(check, width);
  fmt::print("\n");
}

void print_plugin(const Json& plugin, bool failures_only) {
  const std::string file = text_at(plugin, "file");
  if (const Json& refusals = plugin.at("refusals"); !refusals.empty()) {
    fmt::print("{}  {}\n", out().paint(Paint::bold, shown(file)), out().paint(Paint::red, "refused"));
    for (const Json& refusal : refusals) fmt::print("{}\n", indent(refusal.get<std::string>(), "  "));
    fmt::print("\n");
  }
  for (const Json& component : plugin.at("components")) print_component(component, file, failures_only);
}

void print_summary(const Json& plugins) {
  std::string broken;
  std::size_t components = 0;
  const auto add = [&](const std::string& name) { broken += (broken.empty() ? "" : ", ") + name; };
  for (const Json& plugin : plugins) {
    if (!plugin.at("refusals").empty()) add(shown(text_at(plugin, "file")));
    components += plugin.at("components").size();
    for (const Json& component : plugin.at("components"))
      if (!component.at("passed")) add(text_at(component, "component"));
  }
  fmt::print("{} component{} examined: {}\n", components, components == 1 ? "" : "s",
             broken.empty() ? out().paint(Paint::green, "the contract is kept")
                            : out().paint(Paint::red, "broken by " + broken));
}

// "masking.band: plans, save and load"; "" where all is well.
std::string failures_of(const Json& plugin) {
  std::string text;
  for (const Json& component : plugin.at("components")) {
    std::string checks;
    for (const Json& check : component.at("checks"))
      if (text_at(check, "outcome") == "failed") checks += (checks.empty() ? "" : ", ") + text_at(check, "check");
    if (!checks.empty()) text += (text.empty() ? "" : "; ") + text_at(component, "component") + ": " + checks;
  }
  return text;
}

// Tables then say of their plugins that they passed. Plugins of which only some components were examined are left out.
void record(const Json& plugins, const std::string& home) {
  if (!std::filesystem::exists(database_file(home))) return;
  std::vector<runs::PluginCheck> checks;
  for (const Json& plugin : plugins) {
    if (!plugin.at("whole") || !plugin.at("refusals").empty()) continue;
    checks.push_back({text_at(plugin, "sha256"), text_at(plugin, "plugin"), text_at(plugin, "version"), "",
                      fmt::format("{} {}{}", source_version, source_revision, source_dirty ? " modified" : ""),
                      failures_of(plugin)});
  }
  try {
    runs::write_plugin_checks(database_file(home), checks);
  } catch (const runs::StoreError& error) {
    fmt::print(stderr, "{} the result is not recorded for `vaso table`: {}\n", err().paint(Paint::yellow, "note:"),
               error.what());
  }
}

}  // namespace

int plugins_check(const Arguments& arguments) {
  Common options;
  std::vector<std::string> words;
  std::int64_t timeout = 120;
  CommandLine line(
      "plugins check", "[FILE|FOLDER|KIND.NAME …] [options]",
      "Examines plugins by the contract of their kind: card and door; parameters, their defaults and range ends;\n"
      "one seed gives one result and another another; global state is left alone; counts, shapes, types and ranges on\n"
      "odd batches and grids, with empty and full guidance; gradients against differences in float64; saved and\n"
      "loaded again it goes on alike; CPU and CUDA agree. Each component is examined in processes of its own, so that\n"
      "a crash, a hang and an exit are results. Without a name: all that `vaso plugins ls` lists.\n"
      "Results go into the run database where there is one; `vaso table` then says that its plugins passed.\n"
      "Ends with 0 where all pass, else with 4.");
  line.words(words, 0, 1000, "").of({Value::component, Value::file, Value::folder});
  line.value(timeout, "timeout", "S", "seconds for one check (default: 120)")
      .list(options.overrides, "set", "KIND.NAME.PARAMETER=VALUE", "instead of a default, say where a data set lies");
  options.take_plugins(line);
  options.take_home(line);
  options.take_format(line, {"text", "json"});
  line.flag(options.quiet, "quiet", "show no progress, and only what fails");
  line.example("vaso plugins check build/plugins/masking.band.so", "a plugin of your own, before it is used")
      .example("vaso plugins check masking.anatomy loss.pixel_reconstruction", "by component")
      .example("vaso plugins check dataset.arcade --set dataset.arcade.root=/data/arcade", "a data set with its files")
      .example("vaso plugins check --format json", "all, for another program");
  if (!line.parse(arguments)) return exit_ok;
  const report::Format format = parse_format(options.format);

  std::vector<std::string> question = {"plugins-check"};
  question.insert(question.end(), words.begin(), words.end());
  for (const std::string& word : options.for_worker()) question.push_back(word);
  question.insert(question.end(), {"--timeout", std::to_string(timeout)});
  const Answer answer = ask_worker(question, options.quiet);
  if (answer.json.empty()) return answer.code;
  const Json result = Json::parse(answer.json);
  const int code = result.at("passed") ? exit_ok : exit_plugin;
  record(result.at("plugins"), options.home);
  if (format == report::Format::json) {
    fmt::print("{}\n", result.dump(2));
    return code;
  }
  for (const Json& plugin : result.at("plugins")) print_plugin(plugin, options.quiet);
  print_summary(result.at("plugins"));
  return code;
}

}  // namespace vaso::cli
