// Studies of two databases in one.
#pragma once

#include "runs/connection.hpp"
#include "runs/merge.hpp"

namespace vaso::runs {

// One plan of two of the same name. Where they have the same factors and cells and never name different runs for the
// same place, their seeds and runs are united: parts of one study that ran on several machines. Else the newer one
// stays.
StudyRecord united(const StudyRecord& ours, const StudyRecord& theirs);

// Inside the transaction of the merge.
void merge_studies(Connection& theirs, Connection& ours, MergeReport& report);

}  // namespace vaso::runs
