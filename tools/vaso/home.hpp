// The folder of the run database and of the runs.
#pragma once

#include "runs/store.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace vaso::cli {

std::filesystem::path database_file(const std::string& home);

// Opens or makes HOME/vaso.db for writing. Throws runs::StoreError, also where a newer VasoLab wrote it.
runs::Store open_for_runs(const std::string& home);

// Opens what is there, for reading where writing is not allowed; none where nothing has run yet. Rows whose worker is
// gone are marked first.
std::optional<runs::Store> open_existing(const std::string& home);

// Says on standard error that nothing has run yet, and what to do.
void say_no_runs(const std::string& home);

std::string host_name();
std::string now_utc();  // ISO 8601, seconds

// Whether the process that a running row names still works on it. Only this host's processes can be asked.
enum class Liveness { alive, dead, unknown };
Liveness liveness(const runs::Run& run);

// What workers measured into spools comes into the database; a row that says "running" but whose process is gone
// becomes "interrupted".
void look_after_running(runs::Store& store);

// A run by the id that a user typed. Throws UsageError.
runs::Run find_run(const runs::Store& store, const std::string& word);

// Names the command that comes next, on standard error: standard output holds results alone.
void say_next(const std::string& command);

// As a person would type it: relative to the working directory where it lies below it.
std::string shown(const std::filesystem::path& path);

}  // namespace vaso::cli
