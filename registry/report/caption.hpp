// The words under a table: what its numbers are, and how far they carry.
#pragma once

#include "report/analysis.hpp"

namespace vaso::report {

// The tests that set rows apart from the best of their column.
struct TestsWithBest {
  std::size_t count = 0;
  std::size_t fewest_pairs = 0;
};

// Sentences of plain text, for Analysis::caption and Analysis::caption_of_best.
std::string caption_of(const Table& table, const Analysis& analysis, const TestsWithBest& with_best);
std::string caption_of_best(const Analysis& analysis, const TestsWithBest& with_best);

}  // namespace vaso::report
