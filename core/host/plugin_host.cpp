#include "host/plugin_host.hpp"

#include "host/trial.hpp"

// std::filesystem instead of Boost.Filesystem, which would have to be linked. library_info.hpp is not included: it does
// not compile in Boost 1.74 with this switch.
#define BOOST_DLL_USE_STD_FS
#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <string_view>
#include <utility>

namespace vaso {
namespace {

using Library = boost::dll::shared_library;

// Never destroyed. RTLD_NODELETE alone would do on glibc; whether a library without it really leaves memory depends on
// visibility flags and on who loaded LibTorch first, so we do not even ask.
std::vector<Library>& open_libraries() {
  static auto& libraries = *new std::vector<Library>;
  return libraries;
}

// A c10::Error's what() goes on with twenty lines of addresses.
std::string without_backtrace(std::string text) {
  for (const char* start : {"\nException raised from", "Exception raised from"})
    if (const std::size_t place = text.find(start); place != std::string::npos) text.resize(place);
  return text;
}

class Collector final : public Registrar {
 public:
  void add(ComponentEntry entry) override { entries.push_back(std::move(entry)); }
  void failed(const char* why) noexcept override { failure = why; }

  std::vector<ComponentEntry> entries;
  std::string failure;
};

std::string full_name(const ComponentEntry& entry) { return entry.kind + "." + entry.name; }

// What is registered and what the card lists must be the same: `plugins ls` and the checks of an experiment trust the
// card.
void compare_with_card(const std::vector<std::string>& listed, const std::vector<ComponentEntry>& entries) {
  std::vector<std::string> faults;
  std::vector<std::string> registered;
  for (const ComponentEntry& entry : entries) {
    const std::string name = full_name(entry);
    if (std::find(registered.begin(), registered.end(), name) != registered.end())
      faults.push_back(fmt::format("registers `{}` twice", name));
    else if (std::find(listed.begin(), listed.end(), name) == listed.end())
      faults.push_back(fmt::format("registers `{}`, which its card does not list: add it to VASO_PLUGIN(…)", name));
    registered.push_back(name);
  }
  for (const std::string& name : listed)
    if (std::find(registered.begin(), registered.end(), name) == registered.end())
      faults.push_back(
          fmt::format("its card lists `{}`, but its entry does not register it: add plugins.add<…>(…)", name));
  if (!faults.empty()) throw PluginError(fmt::format("{}", fmt::join(faults, "; ")));
}

Library open(const std::filesystem::path& file) {
  namespace mode = boost::dll::load_mode;
  Library library;
  std::error_code fault;
  // rtld_now: with the lazy default a missing symbol would end a run in its middle instead of here.
  library.load(file, fault, mode::rtld_now | mode::rtld_local | static_cast<mode::type>(RTLD_NODELETE));
  if (fault) {
    // Boost's error code reads "Bad file descriptor" whatever went wrong.
    const char* words = ::dlerror();
    throw PluginError(fmt::format("does not load: {}", words != nullptr ? words : fault.message()));
  }
  return library;
}

std::vector<ComponentEntry> entries_of(const plugins::Found& plugin) {
  if (std::string why = try_in_child(plugin.file); !why.empty()) throw PluginError(why);
  const Library& library = open_libraries().emplace_back(open(plugin.file));
  if (!library.has(VASO_ENTRY_NAME))
    throw PluginError("has no entry " VASO_ENTRY_NAME
                      ": it has a card, but VASO_PLUGIN(…) did not make it, or its symbol is hidden");
  Collector collector;
  try {
    library.get<void(Registrar&)>(VASO_ENTRY_NAME)(collector);
  } catch (const std::exception& error) {  // an entry that VASO_PLUGIN did not make
    collector.failed(error.what());
  }
  if (!collector.failure.empty()) throw PluginError("its entry threw: " + collector.failure);
  compare_with_card(plugin.components, collector.entries);
  return std::move(collector.entries);
}

}  // namespace

PluginHost::PluginHost(plugins::Catalogue catalogue) : catalogue_(std::move(catalogue)) {}

void PluginHost::load(plugins::Found& plugin) {
  try {
    for (ComponentEntry& entry : entries_of(plugin))
      components_.push_back(std::make_unique<LoadedComponent>(LoadedComponent{std::move(entry), &plugin}));
  } catch (const PluginError& error) {
    plugin.refusals.push_back(without_backtrace(error.what()));
  }
}

const LoadedComponent& PluginHost::component(const std::string& name) {
  const auto find = [&]() -> const LoadedComponent* {
    for (const auto& component : components_)
      if (full_name(component->entry) == name) return component.get();
    return nullptr;
  };
  if (const LoadedComponent* component = find()) return *component;
  if (const plugins::Found* provider = catalogue_.provider(name))
    load(catalogue_.found[static_cast<std::size_t>(provider - catalogue_.found.data())]);
  if (const LoadedComponent* component = find()) return *component;
  throw PluginError(catalogue_.explain_missing(name));
}

void PluginHost::load_all() {
  for (plugins::Found& plugin : catalogue_.found) {
    const bool is_loaded = std::any_of(components_.begin(), components_.end(),
                                       [&](const auto& component) { return component->plugin == &plugin; });
    if (plugin.refusals.empty() && !is_loaded) load(plugin);
  }
}

std::vector<const LoadedComponent*> PluginHost::loaded() const {
  std::vector<const LoadedComponent*> result;
  for (const auto& component : components_) result.push_back(component.get());
  return result;
}

}  // namespace vaso
