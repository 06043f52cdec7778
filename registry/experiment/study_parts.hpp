// The parts of [study] as they are read; read_study() puts them together.
#pragma once

#include "experiment/study.hpp"

namespace vaso::experiment {

// [study.factors]; the design (not list) is for messages. What is at fault is left out.
std::vector<Factor> read_factors(const config::Node& study, const std::string& design,
                                 std::vector<config::Diagnostic>& faults);

// `baseline`: a level of each factor.
std::vector<std::size_t> read_baseline(const config::Node& study, const StudyDesign& design,
                                       std::vector<config::Diagnostic>& faults);

// [[study.cells]] of a list.
std::vector<StudyCell> read_cells(const config::Node& study, std::vector<config::Diagnostic>& faults);

// The values that a table of a level or cell sets, tables taken apart. A quoted key is a path.
std::vector<Setting> read_settings(const config::Node& table, std::vector<config::Diagnostic>& faults);

// What the settings set, as canonical text: equal for settings that make equal cells.
std::string content(const std::vector<Setting>& settings);

}  // namespace vaso::experiment
