// Examines components by the contract of their kind.
#include "verbs.hpp"

#include "contract/examine.hpp"
#include "exit_codes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>

namespace vaso::worker {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// What is to be examined: components, each with the catalogue that provides it, and plugins that were refused.
struct Subjects {
  struct Component {
    std::string name;
    const plugins::Catalogue* catalogue;
  };
  std::vector<std::unique_ptr<plugins::Catalogue>> catalogues;
  std::vector<Component> components;
  std::vector<const plugins::Found*> refused;

  void add_all(plugins::Catalogue catalogue) {
    const auto& kept = catalogues.emplace_back(std::make_unique<plugins::Catalogue>(std::move(catalogue)));
    for (const std::string& name : kept->components()) components.push_back({name, kept.get()});
    for (const plugins::Found& found : kept->found)
      if (!found.refusals.empty()) refused.push_back(&found);
  }
  bool holds_all_of(const plugins::Found& plugin) const {
    return std::all_of(plugin.components.begin(), plugin.components.end(), [&](const std::string& name) {
      return std::any_of(components.begin(), components.end(),
                         [&](const Component& each) { return each.name == name; });
    });
  }
};

bool is_component_name(const std::string& word) {
  return word.find('/') == std::string::npos && word.find('.') != std::string::npos && !word.ends_with(".so") &&
         !fs::exists(word);
}

// Words are files and folders, or components of the search path; none: all that the search path holds.
Subjects subjects_of(const Options& options) {
  Subjects subjects;
  std::vector<fs::path> places;
  std::vector<std::string> names;
  for (const std::string& word : options.arguments) {
    if (is_component_name(word)) {
      names.push_back(word);
    } else if (fs::exists(word)) {
      places.emplace_back(word);
    } else {
      throw std::invalid_argument(
          fmt::format("{} does not exist: name a plugin's file, a folder of plugins, or a component such as "
                      "masking.random (`vaso plugins ls` lists them)",
                      word));
    }
  }
  if (!places.empty()) subjects.add_all(plugins::look_at(places));
  plugins::Catalogue found = plugins::scan(plugins::search_path(options.plugins));
  if (options.arguments.empty()) {
    subjects.add_all(std::move(found));
  } else if (!names.empty()) {
    const auto& kept = subjects.catalogues.emplace_back(std::make_unique<plugins::Catalogue>(std::move(found)));
    for (const std::string& name : names) {
      if (kept->provider(name) == nullptr) throw PluginError(kept->explain_missing(name));
      subjects.components.push_back({name, kept.get()});
    }
  }
  if (subjects.components.empty() && subjects.refused.empty())
    throw PluginError("there is no plugin to check; `vaso plugins ls` says where plugins are looked for");
  return subjects;
}

// --set KIND.NAME.PARAMETER=VALUE, by component.
config::Node settings_of(const Options& options, const Subjects& subjects) {
  config::Node root;
  for (const std::string& assignment : options.set) config::apply_override(root, assignment);
  const auto refuse = [](const std::string& what) {
    throw std::invalid_argument(
        fmt::format("--set wants KIND.NAME.PARAMETER=VALUE of a component that is examined, not `{}`", what));
  };
  for (const config::Entry& kind : root.table()) {
    if (!kind.node.is_table()) refuse(kind.key);
    for (const config::Entry& each : kind.node.table()) {
      const std::string name = kind.key + "." + each.key;
      const bool known = std::any_of(subjects.components.begin(), subjects.components.end(),
                                     [&](const auto& component) { return component.name == name; });
      if (!known || !each.node.is_table()) refuse(name);
    }
  }
  return root;
}

Json to_json(const contract::Result& result) {
  Json failures = Json::array();
  for (const contract::Failure& failure : result.failures)
    failures.push_back(
        {{"rule", failure.rule}, {"where", failure.where}, {"found", failure.found}, {"cure", failure.cure}});
  return {{"check", result.check},
          {"outcome", contract::to_text(result.outcome)},
          {"note", result.note},
          {"held", result.held},
          {"failures", failures}};
}

Json component_to_json(const std::string& name, const std::vector<contract::Result>& results, double seconds) {
  Json checks = Json::array();
  bool passed = true;
  for (const contract::Result& result : results) {
    checks.push_back(to_json(result));
    passed = passed && result.outcome != contract::Outcome::failed;
  }
  return {{"component", name}, {"passed", passed}, {"seconds", seconds}, {"checks", checks}};
}

// A plugin, before its components are examined. `whole`: all of them will be.
Json plugin_to_json(const plugins::Found& plugin, bool whole) {
  std::error_code ignored;
  return {{"file", plugin.file.string()},
          {"plugin", plugin.card.id},
          {"version", plugin.card.version},
          {"sha256", fs::is_regular_file(plugin.file, ignored) ? plugin.sha256() : ""},
          {"refusals", plugin.refusals},
          {"passed", plugin.refusals.empty()},
          {"whole", whole},
          {"components", Json::array()}};
}

}  // namespace

int plugins_check(const Options& options, const EventSink& events) {
  if (options.timeout < 1) throw std::invalid_argument("--timeout wants a number of seconds, at least 1");
  const Subjects subjects = subjects_of(options);
  const config::Node settings = settings_of(options, subjects);
  std::map<const plugins::Found*, Json> by_plugin;
  for (const plugins::Found* plugin : subjects.refused) by_plugin[plugin] = plugin_to_json(*plugin, true);
  const auto total = static_cast<std::int64_t>(subjects.components.size());
  std::int64_t done = 0;
  for (const Subjects::Component& component : subjects.components) {
    events.progress(done++, total, component.name);
    contract::Request request;
    request.component = component.name;
    if (const config::Node* own = settings.find(component.name)) request.settings = *own;
    request.patience = std::chrono::seconds(options.timeout);
    request.stop = stop_requested;
    const auto began = std::chrono::steady_clock::now();
    const auto results = contract::examine(*component.catalogue, request);
    if (stop_requested()) return exit_interrupted;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;

    const plugins::Found* plugin = component.catalogue->provider(component.name);
    const auto place = by_plugin.try_emplace(plugin, plugin_to_json(*plugin, subjects.holds_all_of(*plugin))).first;
    const Json& examined =
        place->second["components"].emplace_back(component_to_json(component.name, results, took.count()));
    if (examined.at("passed") == false) place->second["passed"] = false;
  }
  events.progress(total, total, "");
  Json list = Json::array();
  bool passed = true;
  for (auto& [plugin, json] : by_plugin) {
    passed = passed && json.at("passed") == true;
    list.push_back(std::move(json));
  }
  std::sort(list.begin(), list.end(), [](const Json& a, const Json& b) { return a.at("file") < b.at("file"); });
  events.result(Json{{"passed", passed}, {"plugins", list}}.dump(-1, ' ', false, Json::error_handler_t::replace));
  return exit_ok;  // the question is answered; what the answer is worth, `vaso` decides
}

}  // namespace vaso::worker
