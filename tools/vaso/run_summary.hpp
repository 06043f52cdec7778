// What `vaso run` says when it is through: the table, the files, and where to go from here.
#pragma once

#include "grid.hpp"
#include "study_plan.hpp"

namespace vaso::cli {

// Standard output gets the table in `format`; the rest goes there too where the format is text, else to standard error.
// `finished`: ids of the plan's runs that are finished, reused ones included.
void print_summary(const StudyPlan& plan, const runs::Store& store, const std::vector<std::int64_t>& finished,
                   const std::string& experiment_file, report::Format format, const Common& options);

// The table alone.
std::string summary_table(const StudyPlan& plan, const runs::Store& store, report::Format format);

// What would start, be reused or be refused.
void print_plan(const StudyPlan& plan, report::Format format, bool quiet);

}  // namespace vaso::cli
