// Methods compared over several measurements by their ranks: Demšar 2006, "Statistical Comparisons of Classifiers over
// Multiple Data Sets" (jmlr.org/papers/v7/demsar06a.html).
#pragma once

#include "report/table.hpp"

#include <optional>

namespace vaso::report {

// Ranks from 1 (best); equal values share their mean rank. NaN gets NaN, and takes no rank from others.
std::vector<double> ranks(const std::vector<double>& values, Better better);

// Of each row over the columns that have a better direction, by means. NaN where the row lacks a value in one of them.
std::vector<double> average_ranks(const Table& table);

struct CriticalDifference {
  std::vector<std::size_t> rows;     // of the table, those with a value in every column that counts
  std::vector<double> average_rank;  // parallel to rows
  std::size_t blocks = 0;            // measurements that were ranked
  double chi_squared = 0, p = 0;     // Friedman's test, corrected for ties; NaN where all ranks are tied
  double difference = 0;             // Nemenyi's: average ranks further apart differ at `level`
  double level = 0.05;
  std::vector<std::vector<std::size_t>> groups;  // largest sets that cannot be told apart, two or more; into `rows`
};

// What is ranked: the mean of each column, as Demšar's data sets, or each column and seed (of those that every row
// has), which are more but not independent.
enum class Blocks { columns, seeds };

// None where less than two rows or two blocks are complete.
std::optional<CriticalDifference> critical_difference(const Table& table, double level, Blocks blocks);

}  // namespace vaso::report
