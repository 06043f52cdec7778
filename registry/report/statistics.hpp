// What a table says about the values of one cell.
#pragma once

#include <cstddef>
#include <vector>

namespace vaso::report {

struct Summary {
  std::size_t n = 0;
  double mean = 0;       // NaN where n is 0 or a value is NaN
  double deviation = 0;  // of the sample (n − 1 below); NaN where n < 2
};

Summary summarise(const std::vector<double>& values);

struct Interval {
  double low = 0, high = 0;  // NaN where there is none: less than two values, a value that is NaN
};

// For the mean of a normal distribution, by Student's t. `confidence` such as 0.95.
Interval t_interval(const std::vector<double>& values, double confidence);

// For the mean, bias-corrected and accelerated (BCa): Efron 1987, doi:10.1080/01621459.1987.10478410. 10,000 resamples
// from a fixed seed: the same values give the same interval on every machine. Equal values give a point.
Interval bootstrap_interval(const std::vector<double>& values, double confidence);

}  // namespace vaso::report
