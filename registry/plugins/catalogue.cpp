#include "plugins/catalogue.hpp"

#include "config/diagnostics.hpp"
#include "runs/store.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace vaso::plugins {
namespace {

namespace fs = std::filesystem;

bool is_snake_case(std::string_view word) {
  return !word.empty() && word.front() >= 'a' && word.front() <= 'z' &&
         std::all_of(word.begin(), word.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

bool is_component_name(std::string_view name) {
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && is_snake_case(name.substr(0, dot)) && is_snake_case(name.substr(dot + 1));
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> result;
  for (std::string word; stream >> word;) result.push_back(word);
  return result;
}

// What is wrong with the list itself, whoever built the library.
void check_components(Found& plugin) {
  if (plugin.components.empty()) plugin.refusals.push_back("its card lists no component: name them in VASO_PLUGIN(…)");
  std::set<std::string> seen;
  for (const std::string& component : plugin.components) {
    if (!is_component_name(component))
      plugin.refusals.push_back(
          fmt::format("its card lists `{}`, which is no KIND.NAME in small letters, digits and _", component));
    if (!seen.insert(component).second) plugin.refusals.push_back(fmt::format("its card lists `{}` twice", component));
  }
}

Found examine(const fs::path& file, const VasoCard& host) {
  Found plugin{file, {}, {}, {}};
  const CardResult result = read_card(file);
  if (!result.found) {
    plugin.refusals.push_back(result.why);
    return plugin;
  }
  plugin.card = result.card;
  plugin.components = words(result.card.components);
  plugin.refusals = mismatches(result.card, host);
  check_components(plugin);
  return plugin;
}

// Refuses every usable plugin that shares a component name with another: which one a run would get must not depend on
// the order of folders.
void refuse_taken_names(std::vector<Found>& found) {
  std::map<std::string, std::vector<Found*>> providers;
  for (Found& plugin : found)
    if (plugin.refusals.empty())
      for (const std::string& component : plugin.components) providers[component].push_back(&plugin);
  for (const auto& [component, plugins] : providers) {
    if (plugins.size() < 2) continue;
    for (Found* plugin : plugins) {
      std::vector<std::string> others;
      for (const Found* other : plugins)
        if (other != plugin) others.push_back(other->file.string());
      plugin->refusals.push_back(fmt::format(
          "provides `{}`, and so does {} (this one is {}): rename one of them, or leave its folder out of the "
          "search path",
          component, fmt::join(others, " and "), plugin->file.string()));
    }
  }
}

void examine_file(const fs::path& place, std::set<fs::path>& seen, std::vector<Found>& found) {
  std::error_code fault;
  const fs::path file = fs::canonical(place, fault);
  if (fault) {
    const bool link = fs::is_symlink(place, fault);
    found.push_back({place, {}, {}, {link ? "is a symbolic link that leads nowhere" : "does not exist"}});
  } else if (seen.insert(file).second) {
    found.push_back(examine(file, host_card()));
  }
}

void examine_folder(const fs::path& folder, std::set<fs::path>& seen, std::vector<Found>& found) {
  std::error_code fault;
  fs::directory_iterator entry(folder, fault);
  if (fault) {
    if (fault != std::errc::no_such_file_or_directory)
      found.push_back({folder, {}, {}, {fmt::format("cannot be listed: {}", fault.message())}});
    return;
  }
  for (; !fault && entry != fs::directory_iterator(); entry.increment(fault))
    if (entry->path().extension() == ".so") examine_file(entry->path(), seen, found);
  if (fault) found.push_back({folder, {}, {}, {fmt::format("could be listed only in part: {}", fault.message())}});
}

void finish(Catalogue& catalogue) {
  refuse_taken_names(catalogue.found);
  std::sort(catalogue.found.begin(), catalogue.found.end(),
            [](const Found& a, const Found& b) { return a.file < b.file; });
}

std::string refusal_text(const Found& plugin) {
  return fmt::format("{}: {}", plugin.file.string(), fmt::join(plugin.refusals, "; "));
}

}  // namespace

std::string Found::sha256() const { return runs::sha256_file(file); }

Catalogue scan(const std::vector<fs::path>& folders) {
  Catalogue catalogue;
  catalogue.searched = folders;
  std::set<fs::path> seen;
  for (const fs::path& folder : folders) examine_folder(folder, seen, catalogue.found);
  finish(catalogue);
  return catalogue;
}

Catalogue look_at(const std::vector<fs::path>& files_and_folders) {
  Catalogue catalogue;
  std::set<fs::path> seen;
  for (const fs::path& place : files_and_folders) {
    std::error_code ignored;
    if (fs::is_directory(place, ignored)) {
      examine_folder(place, seen, catalogue.found);
    } else {
      examine_file(place, seen, catalogue.found);
    }
  }
  finish(catalogue);
  return catalogue;
}

const Found* Catalogue::provider(const std::string& component) const {
  for (const Found& plugin : found)
    if (plugin.refusals.empty() &&
        std::find(plugin.components.begin(), plugin.components.end(), component) != plugin.components.end())
      return &plugin;
  return nullptr;
}

std::vector<std::string> Catalogue::components() const {
  std::vector<std::string> result;
  for (const Found& plugin : found)
    if (plugin.refusals.empty()) result.insert(result.end(), plugin.components.begin(), plugin.components.end());
  std::sort(result.begin(), result.end());
  return result;
}

std::vector<std::string> Catalogue::names(const std::string& kind) const {
  std::vector<std::string> result;
  for (const std::string& component : components())
    if (component.size() > kind.size() && component.starts_with(kind) && component[kind.size()] == '.')
      result.push_back(component.substr(kind.size() + 1));
  return result;
}

std::string Catalogue::explain_missing(const std::string& component) const {
  // A refused plugin that would provide it is the whole answer: nothing else is worth reading.
  for (const Found& plugin : found)
    if (!plugin.refusals.empty() &&
        std::find(plugin.components.begin(), plugin.components.end(), component) != plugin.components.end())
      return fmt::format("`{}` is provided by {}, which is refused: {}", component, plugin.file.string(),
                         fmt::join(plugin.refusals, "; "));

  std::string text = fmt::format("no plugin provides `{}`", component);
  std::vector<std::string> places;
  for (const fs::path& folder : searched) {
    std::error_code ignored;
    places.push_back(folder.string() + (fs::exists(folder, ignored) ? "" : " (does not exist)"));
  }
  text += places.empty() ? "; looked in no folder at all" : fmt::format("; looked in {}", fmt::join(places, ", "));
  std::vector<std::string> refused;
  for (const Found& plugin : found)
    if (!plugin.refusals.empty()) refused.push_back(refusal_text(plugin));
  if (!refused.empty()) text += fmt::format("; refused: {}", fmt::join(refused, " | "));
  if (const std::string near = config::suggestion(component, components()); !near.empty()) text += "; " + near;
  return text;
}

}  // namespace vaso::plugins
