// What may be said about a table's numbers: spread over seeds, differences to the baseline, what is best and what
// cannot be told from it.
#pragma once

#include "report/paired_tests.hpp"
#include "report/statistics.hpp"
#include "report/table.hpp"

#include <optional>

namespace vaso::report {

enum class Spread { deviation, t_interval, bootstrap };
// What two rows are paired by: images (values of runs with one seed, averaged over the seeds that both have), seeds, or
// the columns of the table.
enum class Pairing { image, seed, column };
// Which test tells rows apart. The signed-rank test assumes nothing, but few seeds cannot satisfy it.
enum class Test { wilcoxon, t };

struct AnalysisRequest {
  Spread spread = Spread::deviation;
  Pairing pairing = Pairing::seed;
  Test test = Test::wilcoxon;
  double level = 0.05;  // of tests; intervals hold 1 − level
};

enum class Mark { none, best, second };

struct CellAnalysis {
  Summary summary;
  double low = 0, high = 0;          // mean ± deviation, or the interval; NaN where there is none
  std::optional<double> difference;  // to the baseline's mean; none in its own row, or where one of the two is missing
  std::optional<PairedTest> test;    // against the baseline; p_…_holm over all these of the table
  Mark mark = Mark::none;
  bool level_with_best = false;  // neither best nor different from it at `level`, corrected for all such comparisons
};

struct Analysis {
  AnalysisRequest request;
  std::vector<std::vector<CellAnalysis>> cells;           // [row][column]
  std::vector<double> average_rank;                       // of each row; NaN where it lacks a value
  std::vector<std::optional<PairedTest>> across_columns;  // Pairing::column: each row against the baseline
  std::optional<std::size_t> baseline;                    // its row
  std::string caption;          // what numbers and tests mean, with their n: sentences of plain text
  std::string caption_of_best;  // how rows were told from the best; "" where no column has a best
};

// Plain names for --spread, --pair and --test: "sd", "t", "bootstrap"; "image", "seed", "column"; "wilcoxon", "t".
// Throw std::invalid_argument listing them.
Spread parse_spread(const std::string& name);
Pairing parse_pairing(const std::string& name);
Test parse_test(const std::string& name);

// `store` is asked for values per image where the pairing wants them.
Analysis analyse(const Table& table, const runs::Store& store, const AnalysisRequest& request);

// Means and spread alone: no baseline, no marks, no tests.
Analysis summarised(const Table& table, const AnalysisRequest& request);

}  // namespace vaso::report
