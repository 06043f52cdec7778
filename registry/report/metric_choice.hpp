// What --metric names: one number of a series.
#pragma once

#include "report/table.hpp"

#include <map>

namespace vaso::report {

struct MetricChoice {
  std::string place;   // of "vessels/test.dice": a task or a phase; "" = anywhere
  std::string text;    // "best:test.dice", as Column::metric has it
  std::string series;  // "test.dice"
  runs::Pick pick = runs::Pick::last;
};

MetricChoice parse_metric(const std::string& text);

// By run. "best:" is the largest value where more is better or nothing is known, else the smallest.
std::map<std::int64_t, double> read(const runs::Store& store, const MetricChoice& metric);

// "vessels Dice", "best vessels Dice".
std::string column_title(const MetricChoice& metric, const std::string& task);

// Ends the sentence `what` with the name and those that may have been meant; throws std::invalid_argument.
[[noreturn]] void refuse_unknown(const std::string& what, const std::string& name,
                                 const std::vector<std::string>& known);

}  // namespace vaso::report
