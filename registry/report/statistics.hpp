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

}  // namespace vaso::report
