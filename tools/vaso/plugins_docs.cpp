// vaso plugins docs: the tables of READMEs, written from the components' own descriptions.
#include "config/files.hpp"
#include "exit_codes.hpp"
#include "home.hpp"
#include "plugin_template.hpp"
#include "plugins/catalogue.hpp"
#include "reference_table.hpp"
#include "terminal.hpp"
#include "verbs.hpp"
#include "worker_query.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

using Json = nlohmann::json;

struct Page {
  fs::path file;
  std::string text;
  std::vector<std::string> tables;
};

Page read_page(const std::string& word) {
  std::string why;
  const auto text = config::read_text(word, why);
  if (!text) throw UsageError(fmt::format("{}: {}", word, why));
  try {
    Page page{word, *text, wanted_tables(*text)};
    if (!page.tables.empty()) return page;
  } catch (const std::runtime_error& fault) {
    throw std::runtime_error(fmt::format("{}, {}", word, fault.what()));
  }
  throw UsageError(
      fmt::format("{} has no place for a table. Write these two lines where one shall stand:\n"
                  "  <!-- vaso plugins docs: KIND.NAME -->\n  <!-- end -->",
                  word));
}

bool is_kind(const std::string& name) {
  const std::vector<std::string>& kinds = component_kinds();
  return std::find(kinds.begin(), kinds.end(), name) != kinds.end();
}

// Every component that the pages speak of.
std::set<std::string> components_of(const std::vector<Page>& pages, const plugins::Catalogue& catalogue) {
  std::set<std::string> all;
  for (const Page& page : pages) {
    for (const std::string& table : page.tables) {
      if (!is_kind(table)) all.insert(table);
      for (const std::string& name : catalogue.names(table)) all.insert(table + "." + name);
    }
  }
  return all;
}

std::string table_text(const Page& page, const std::string& table, const std::map<std::string, Json>& components) {
  if (!is_kind(table)) return parameter_table(components.at(table));
  std::vector<Json> of_kind;
  for (const auto& [name, component] : components)
    if (name.starts_with(table + ".")) of_kind.push_back(component);
  return component_table(of_kind, [&](std::string name) {
    std::replace(name.begin(), name.end(), '.', '/');
    const fs::path target = fs::path(name) / "README.md";
    return fs::exists(page.file.parent_path() / target) ? target.string() : std::string();
  });
}

void write_page(const fs::path& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) throw std::runtime_error(fmt::format("{} cannot be written: {}", shown(file), std::strerror(errno)));
}

}  // namespace

int plugins_docs(const Arguments& arguments) {
  Common options;
  std::vector<std::string> files;
  bool check = false;
  CommandLine line("plugins docs", "FILE… [options]",
                   "Writes tables into Markdown files, from the components' own descriptions, between two lines:\n"
                   "  <!-- vaso plugins docs: KIND.NAME -->    parameters: default, range, unit, meaning\n"
                   "  <!-- end -->\n"
                   "A KIND alone lists its components. What stands outside the two lines is left alone.");
  line.words(files, 1, 1000, "a Markdown file").of({Value::file});
  line.flag(check, "check", "write nothing; fail where a table is not what it should be");
  options.take_plugins(line);
  line.example("vaso plugins docs README.md --plugins build/plugins", "the page of a plugin of your own")
      .example("vaso plugins docs plugins/README.md plugins/*/*/README.md --check", "as VasoLab's own tests do");
  if (!line.parse(arguments)) return exit_ok;

  std::vector<Page> pages;
  for (const std::string& file : files) pages.push_back(read_page(file));
  const plugins::Catalogue catalogue =
      plugins::scan(plugins::search_path({options.plugins.begin(), options.plugins.end()}));
  std::vector<std::string> question = {"plugins-info"};
  for (const std::string& name : components_of(pages, catalogue)) {
    if (catalogue.provider(name) == nullptr) {
      fmt::print(stderr, "{} {}\n", err().paint(Paint::red, "error:"), catalogue.explain_missing(name));
      return exit_plugin;
    }
    question.push_back(name);
  }
  for (const std::string& word : options.for_worker()) question.push_back(word);
  const Answer answer = ask_worker(question, false);
  if (answer.code != exit_ok) return answer.code;
  std::map<std::string, Json> components;
  for (const Json& component : Json::parse(answer.json)) components[component.at("component")] = component;

  std::string stale;
  for (const Page& page : pages) {
    const std::string text =
        with_tables(page.text, [&](const std::string& table) { return table_text(page, table, components); });
    if (text == page.text) continue;
    stale += fmt::format(" {}", shown(page.file));
    if (!check) write_page(page.file, text);
  }
  if (!check) {
    fmt::print("{}\n", stale.empty() ? "Nothing to change." : "Written:" + stale);
    return exit_ok;
  }
  if (stale.empty()) return exit_ok;
  fmt::print(stderr, "{} not what the components say of themselves:{}\nWrite them anew:  vaso plugins docs{}\n",
             err().paint(Paint::red, "error:"), stale, stale);
  return exit_failure;
}

}  // namespace vaso::cli
