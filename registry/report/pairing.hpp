// The measurements that two rows of a table have in common.
#pragma once

#include "report/analysis.hpp"

#include <map>
#include <utility>
#include <vector>

namespace vaso::report {

struct Pairs {
  std::vector<double> a, b;  // parallel
};

// Seeds that both cells have; several runs with one seed count as their mean.
Pairs by_seed(const Cell& a, const Cell& b);

// Columns where more is better, which are shares of 1 and so may be compared with one another; of those, the ones that
// both rows have.
Pairs by_column(const Table& table, std::size_t a, std::size_t b);

// Images that two runs of one seed both measured: of each the mean over the seeds that both cells have. An image where
// one of them has no value (a distance to an empty mask) is left out. Each run's images are read once.
class Images {
 public:
  explicit Images(const runs::Store& store) : store_(store) {}
  Pairs pairs(const Column& column, const Cell& a, const Cell& b);

 private:
  using Values = std::map<std::string, double>;
  const Values& of(std::int64_t run, const std::string& metric);

  const runs::Store& store_;
  std::map<std::pair<std::int64_t, std::string>, Values> read_;
};

}  // namespace vaso::report
