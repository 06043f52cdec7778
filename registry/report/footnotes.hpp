// What stands under a table, line by line: missing runs, notes, findings of the audit, comparisons.
#pragma once

#include "report/analysis.hpp"

#include <string>
#include <vector>

namespace vaso::report {

// "pretrain: pretrain.epochs differs between rows: 2 (random), 5 (anatomy)". Long lists are cut.
std::string text_of(const Finding& finding, const Table& table);

// "anatomy, vessels Dice: seed 1 failed (run 14), seed 2 not started": one line per row and kind of gap.
std::vector<std::string> missing_lines(const Table& table);

// A header and one row for each test against the baseline: what, n, difference, t, p, p after Holm. Empty where there
// was none.
std::vector<std::vector<std::string>> comparisons(const Table& table, const Analysis& analysis);

// Missing runs, notes ("note: …") and findings ("audit: …").
std::vector<std::string> footnotes(const Table& table);

}  // namespace vaso::report
