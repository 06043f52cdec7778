// Whether two methods differ, from measurements that come in pairs; honest where there are few of them.
#pragma once

#include <cstddef>
#include <vector>

namespace vaso::report {

struct PairedTest {
  std::size_t pairs = 0;
  double mean_difference = 0;  // a − b
  double t = 0, p_t = 0;       // paired t-test, two-sided; NaN where all differences are equal, or there is but one
  double p_wilcoxon = 0;       // signed-rank test, two-sided; 1 where all differences are zero
  bool exact = true;           // p_wilcoxon by counting all signs; else by the normal approximation
  double floor = 1;            // no exact test on so many pairs can give a smaller p: 2 / 2^pairs
  // Corrected for all comparisons of the table (Holm); as above where there is one.
  double p_t_holm = 0, p_wilcoxon_holm = 0;
};

// a and b are parallel. Zero differences are dropped for the signed ranks (Wilcoxon's own way, scipy's
// zero_method="wilcox"), equal ones share their mean rank, and the distribution over all 2^n signs is counted with
// those ranks, so that p is exact with ties too; from 401 pairs on it is the normal approximation with corrections for
// ties and continuity. A value that is NaN makes every p NaN. Throws std::invalid_argument where the sizes differ.
PairedTest paired_test(const std::vector<double>& a, const std::vector<double>& b);

// The least p that an exact two-sided test on n pairs can give: 2 / 2^n; 1 for n = 0.
double sign_flip_floor(std::size_t pairs);
// The least number of pairs whose floor is below `level`: 6 for 0.05.
std::size_t pairs_for(double level);

// Holm's step-down correction (1979). A NaN is no comparison: it stays, and does not count.
std::vector<double> holm(const std::vector<double>& p);

}  // namespace vaso::report
