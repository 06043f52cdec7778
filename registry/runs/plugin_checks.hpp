// What `vaso plugins check` found, kept in the run database: a table can then say that its plugins passed.
#pragma once

#include "runs/connection.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace vaso::runs {

struct PluginCheck {
  std::string sha256;       // of the plugin's file: runs say which one they used
  std::string id, version;  // of the plugin
  std::string checked;      // UTC, ISO 8601; now where it is empty
  std::string vasolab;      // version and revision of who examined it
  std::string failures;     // "masking.band: plans, save and load"; "" = it passed
};

// One of the same file is replaced. Throws StoreError, as Store does.
void write_plugin_checks(const std::filesystem::path& database, const std::vector<PluginCheck>& checks);
std::map<std::string, PluginCheck> read_plugin_checks(const std::filesystem::path& database);  // by sha256

// Inside the transaction of a merge: of two examinations of one file the newer stays.
void merge_plugin_checks(Connection& theirs, Connection& ours);

}  // namespace vaso::runs
