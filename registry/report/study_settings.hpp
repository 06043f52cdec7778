// The settings that a study varies on purpose.
#pragma once

#include "runs/study_record.hpp"

#include <string>
#include <vector>

namespace vaso::report {

// Dotted paths as runs record them, of all levels of all factors and of listed cells. A run of one task has its
// settings directly below `downstream`: what is varied as "downstream.vessels.init" is there "downstream.init" too.
std::vector<std::string> declared_settings(const runs::StudyRecord& study);

}  // namespace vaso::report
