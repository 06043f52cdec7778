// A coronary tree as a projection shows it: winding branches that taper and split by Murray's law.
#pragma once

#include "data/philox.hpp"

#include <cstdint>
#include <vector>

namespace vaso::phantom {

struct Node {
  double x, y, radius;  // pixels
};
using Branch = std::vector<Node>;  // a path, its nodes less than a radius apart

struct TreeShape {
  double side;            // of the image, pixels
  double largest_radius;  // of the trunk, pixels
  double least_radius;    // where a branch ends
  std::int64_t most_branches;
};

// The trunk starts at (x, y) in direction `angle` (radians, 0 = right, π/2 = down). Where a branch of radius r gives
// off one of radius s, it goes on with (r³ − s³)^⅓: Murray, "The physiological principle of minimum work", PNAS 1926.
std::vector<Branch> grow_tree(Philox& random, double x, double y, double angle, const TreeShape& shape);

}  // namespace vaso::phantom
