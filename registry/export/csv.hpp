// Runs as tidy CSV files (one observation a row), for R, pandas and spreadsheets.
#pragma once

#include "runs/store.hpp"

#include <functional>

namespace vaso::exporting {

// Called after each run: how many are done.
using Progress = std::function<void(std::int64_t done)>;

// Writes runs.csv, settings.csv, metrics.csv, per_image.csv and conventions.csv into `folder`, which is made; files of
// these names are replaced. RFC 4180; numbers that read back exactly; NaN, Inf and -Inf as R and pandas know them.
// Throws runs::StoreError where a file cannot be written.
void write_csv(const runs::Store& store, const std::vector<runs::Run>& runs, const std::filesystem::path& folder,
               const Progress& progress);

}  // namespace vaso::exporting
