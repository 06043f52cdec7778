// Which plugins there are: what the search path holds, what is refused and why. Loads nothing.
#pragma once

#include "plugins/card_reader.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::plugins {

struct Found {
  std::filesystem::path file;  // canonical, symbolic links followed
  VasoCard card{};
  std::vector<std::string> components;  // "masking.anatomy", from the card
  std::vector<std::string> refusals;    // empty = usable
  std::string sha256() const;           // of the file; computed when asked for
};

struct Catalogue {
  std::vector<std::filesystem::path> searched;  // in order, also those that do not exist
  std::vector<Found> found;                     // usable and refused, sorted by file

  const Found* provider(const std::string& component) const;      // usable ones only
  std::vector<std::string> components() const;                    // of usable ones, sorted
  std::vector<std::string> names(const std::string& kind) const;  // "random", "anatomy" for "masking"
  // "no plugin provides `masking.rndom`; did you mean …; looked in …; refused: …"
  std::string explain_missing(const std::string& component) const;
};

// The search path: folders given (configuration, --plugins), then VASO_PLUGIN_PATH (colon separated), then ../plugins
// and
// ../lib/vasolab/plugins beside the running program. A folder named twice counts once.
std::vector<std::filesystem::path> search_path(const std::vector<std::filesystem::path>& configured);

// Every *.so of the folders. Two usable plugins with one component name: both are refused, each naming both files.
Catalogue scan(const std::vector<std::filesystem::path>& folders);

// The same for plugins that are named: files, and folders of them. Nothing is searched.
Catalogue look_at(const std::vector<std::filesystem::path>& files_and_folders);

}  // namespace vaso::plugins
