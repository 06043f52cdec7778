// How many digits a column of numbers is printed with.
#pragma once

#include <string>
#include <vector>

namespace vaso::report {

struct Digits {
  int decimals = 0;
  bool scientific = false;  // decimals of the mantissa then
};

// Four significant digits of the largest value, whole numbers without a point, and up to three digits more where
// unequal values would look equal. Scientific where the largest is below 0.001 or from a million on. Ignores NaN and
// infinities.
Digits digits_for(const std::vector<double>& column);

std::string shown(double value, Digits digits);  // "0.8123", "1.500e-04", "NaN", "inf"
std::string exact(double value);                 // the shortest text that reads back as the same number

}  // namespace vaso::report
