// From numbers to positions, with round numbers along the way.
#pragma once

#include <string>
#include <vector>

namespace vaso::plot {

struct Scale {
  double low = 0, high = 1;  // numbers at the two ends
  std::vector<double> ticks;
  double step = 1;  // between ticks

  // 0 at low, 1 at high.
  double share(double value) const { return (value - low) / (high - low); }
  // With as many digits as tell the ticks apart; scientific where the numbers are very large or small.
  std::string label(double tick) const;
};

// Ends and ticks at multiples of 1, 2 or 5 times a power of ten (Heckbert, "Nice numbers for graph labels", Graphics
// Gems, 1990), `most` ticks or less (two at least). Values that are no finite numbers count as none; equal ends get
// some room. whole: ticks are whole numbers.
Scale nice_scale(double low, double high, int most, bool whole = false);

// The same ticks, but the ends are those given: for axes whose data fill them, such as epochs.
Scale tight_scale(double low, double high, int most, bool whole = false);

}  // namespace vaso::plot
