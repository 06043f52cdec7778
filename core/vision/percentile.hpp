// numpy.percentile's linear interpolation between the neighbours in the sorted values. `percent` in 0…100; values must
// not be empty, nor hold NaN.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace vaso::vision {

double percentile(const std::vector<float>& values, double percent);

// The same of bytes, of which histogram[v] have the value v.
using Histogram = std::array<std::int64_t, 256>;
Histogram histogram_of(const std::vector<std::uint8_t>& values);
double percentile(const Histogram& histogram, double percent);

}  // namespace vaso::vision
