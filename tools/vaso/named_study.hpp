// A study by what a user calls it.
#pragma once

#include "runs/store.hpp"
#include "runs/study_record.hpp"

#include <string>

namespace vaso::cli {

// By its name, or by the file that it was run from. Throws UsageError, with near names.
runs::StudyRecord named_study(const runs::Store& store, const std::string& word);

}  // namespace vaso::cli
