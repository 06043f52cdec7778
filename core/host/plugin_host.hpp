// Loads the plugins of a catalogue and hands out their components.
//
// Through Boost.DLL with rtld_now | rtld_local and RTLD_NODELETE; libraries are never unloaded (a tensor may hold an
// autograd node whose code lives in a plugin). Exceptions of entry points end at the door. Each library is first loaded
// in a child process, so that one which throws, crashes or hangs in its static initialisers is refused like any other.
#pragma once

#include "plugins/catalogue.hpp"

#include "sdk/plugin.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace vaso {

class PluginError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct LoadedComponent {
  ComponentEntry entry;
  const plugins::Found* plugin;
};

class PluginHost {
 public:
  // Keeps the catalogue; loads nothing yet.
  explicit PluginHost(plugins::Catalogue catalogue);

  const plugins::Catalogue& catalogue() const { return catalogue_; }

  // Loads the plugin that provides "masking.anatomy" if it is not loaded. Throws PluginError: nobody provides it, it
  // does not load (the dynamic linker's words), it has no entry, its entry failed, it does not register what its card
  // lists, or it registers something that its card does not list. A plugin that failed once keeps its reason and is not
  // tried again.
  const LoadedComponent& component(const std::string& name);

  // Loads every usable plugin; failures become refusals of the catalogue's entries instead of exceptions.
  void load_all();

  std::vector<const LoadedComponent*> loaded() const;

 private:
  void load(plugins::Found& plugin);  // failure: a refusal of the plugin
  plugins::Catalogue catalogue_;
  std::vector<std::unique_ptr<LoadedComponent>> components_;
};

}  // namespace vaso
