// vaso plugins: what there is (read from cards, nothing is loaded), and what each component takes (asked of the
// worker).
#include "exit_codes.hpp"
#include "grid.hpp"
#include "home.hpp"
#include "parameter_text.hpp"
#include "plugins/catalogue.hpp"
#include "terminal.hpp"
#include "verbs.hpp"
#include "worker_query.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

using Json = nlohmann::json;

plugins::Catalogue catalogue_for(const Common& options) {
  return plugins::scan(plugins::search_path({options.plugins.begin(), options.plugins.end()}));
}

void print_listing(const plugins::Catalogue& catalogue) {
  std::vector<std::vector<std::string>> usable = {{"component", "plugin", "version", "file"}};
  for (const plugins::Found& found : catalogue.found) {
    if (!found.refusals.empty()) continue;
    for (const std::string& component : found.components) {
      usable.push_back({component, found.card.id, found.card.version, shown(found.file)});
    }
  }
  if (usable.size() > 1) fmt::print("{}\n", report::align(usable, true));
  for (const plugins::Found& found : catalogue.found) {
    if (found.refusals.empty()) continue;
    fmt::print("{} {}\n", out().paint(Paint::red, "refused"), shown(found.file));
    for (const std::string& reason : found.refusals) fmt::print("{}\n", indent(reason, "    "));
  }
  fmt::print("\nSearched, in this order:\n");
  for (const fs::path& folder : catalogue.searched) {
    fmt::print("  {}{}\n", folder.string(), fs::is_directory(folder) ? "" : out().paint(Paint::dim, "  (not there)"));
  }
  if (usable.size() == 1)
    fmt::print("\nNo usable plugin was found. Build them (ninja -C build), or name their folder with --plugins DIR.\n");
}

void print_component(const Json& component) {
  fmt::print("{}  {}\n", out().paint(Paint::bold, component.at("component").get<std::string>()),
             component.value("summary", ""));
  if (const auto refused = component.find("refused"); refused != component.end()) {
    fmt::print("  {}\n", out().paint(Paint::red, "refused: " + refused->get<std::string>()));
    return;
  }
  fmt::print("  {}\n",
             out().paint(Paint::dim, fmt::format("plugin {} {}, {}", component.value("plugin", ""),
                                                 component.value("version", ""), shown(component.value("file", "")))));
  std::vector<std::vector<std::string>> rows = {{"parameter", "default", "range", "unit", "meaning"}};
  for (const Json& parameter : component.value("parameters", Json::array())) {
    rows.push_back({parameter.at("name"), value_text(parameter.value("default", Json())), range_text(parameter),
                    parameter.value("unit", ""), parameter.value("meaning", "")});
  }
  if (rows.size() > 1) {
    fmt::print("{}\n", indent(report::align(rows, true), "  "));
  } else {
    fmt::print("  no parameters\n");
  }
}

}  // namespace

int plugins_ls(const Arguments& arguments) {
  Common options;
  CommandLine line(
      "plugins ls", "[options]",
      "Lists the components that plugins provide, the plugins that are refused with every reason, and the folders\n"
      "searched. Only the plugins' cards are read; nothing is loaded.");
  options.take_plugins(line);
  options.take_format(line);
  line.example("vaso plugins ls", "")
      .example("VASO_PLUGIN_PATH=~/my-plugins vaso plugins ls", "with a folder of your own");
  if (!line.parse(arguments)) return exit_ok;
  const report::Format format = parse_format(options.format);
  const plugins::Catalogue catalogue = catalogue_for(options);
  if (format == report::Format::text) {
    print_listing(catalogue);
    return exit_ok;
  }
  Grid grid{{"component", "plugin", "version", "file", "refused"}, {}};
  for (const plugins::Found& found : catalogue.found) {
    std::string reasons;
    for (const std::string& reason : found.refusals) reasons += (reasons.empty() ? "" : "; ") + reason;
    for (const std::string& component : found.components.empty() ? std::vector<std::string>{""} : found.components) {
      grid.rows.push_back({component, found.card.id, found.card.version, found.file, reasons});
    }
  }
  fmt::print("{}", write(grid, format));
  return exit_ok;
}

int plugins_info(const Arguments& arguments) {
  Common options;
  std::vector<std::string> names;
  CommandLine line("plugins info", "[KIND.NAME …] [options]",
                   "Explains components: what each does and its parameters with default, range, unit and "
                   "meaning.\nWithout a name: all.");
  line.words(names, 0, 1000, "").of({Value::component});
  options.take_plugins(line);
  options.take_format(line, {"text", "json"});
  line.example("vaso plugins info masking.anatomy", "").example("vaso plugins info", "all components");
  if (!line.parse(arguments)) return exit_ok;
  const report::Format format = parse_format(options.format);
  const plugins::Catalogue catalogue = catalogue_for(options);
  for (const std::string& name : names) {
    if (catalogue.provider(name) != nullptr) continue;
    fmt::print(stderr, "{} {}\n", err().paint(Paint::red, "error:"), catalogue.explain_missing(name));
    return exit_plugin;
  }
  std::vector<std::string> question = {"plugins-info"};
  question.insert(question.end(), names.begin(), names.end());
  for (const std::string& word : options.for_worker()) question.push_back(word);
  const Answer answer = ask_worker(question, false);
  if (answer.json.empty()) return answer.code;
  const Json components = Json::parse(answer.json);
  if (format == report::Format::json) {
    fmt::print("{}\n", components.dump(2));
    return answer.code;
  }
  for (const Json& component : components) {
    if (&component != &components.front()) fmt::print("\n");
    print_component(component);
  }
  return answer.code;
}

}  // namespace vaso::cli
