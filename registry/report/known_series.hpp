// What is known of metric series by their names: which direction is better, and what a reader calls them.
#pragma once

#include "report/table.hpp"

namespace vaso::report {

// `series` as logged, "test.dice", without "best:" and the like. neither where nothing is known.
Better better_direction(const std::string& series);

// "Dice" for "test.dice", "validation Dice" for "val.dice"; the name itself where nothing is known.
std::string title_of(const std::string& series);

// Series that a table of a study shows where none are asked for, those of a phase that its runs logged.
const std::vector<std::string>& usual_metrics(const std::string& phase);

}  // namespace vaso::report
