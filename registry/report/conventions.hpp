// How the metrics of a table were computed, in words: a number that stands without it can lie.
#pragma once

#include "report/table.hpp"

namespace vaso::report {

// "vessels, stenosis test.dice: mean over images; both empty counts 1": a line for each way that the runs recorded.
// Where runs of one column differ in it, that is a finding of the audit.
std::vector<std::string> convention_notes(const runs::Store& store, const Table& table);

}  // namespace vaso::report
