// numpy.percentile's linear interpolation between the neighbours in the sorted values. `percent` in 0…100; values must
// not be empty, nor hold NaN.
#pragma once

#include <cstdint>
#include <vector>

namespace vaso::vision {

double percentile(const std::vector<float>& values, double percent);

// The same of bytes, of which histogram[v] have the value v.
double percentile(const std::int64_t (&histogram)[256], double percent);

}  // namespace vaso::vision
