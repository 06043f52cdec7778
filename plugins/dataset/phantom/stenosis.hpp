// Narrowings of a vessel.
#pragma once

#include "vessel_tree.hpp"

#include <cstdint>
#include <vector>

namespace vaso::phantom {

// The part of a branch that was narrowed: its nodes, with the radii that they had before.
using Stenosis = Branch;

// Narrows up to `most` places (at least one where there is room) of the wider branches by 50 to 85 % of the diameter,
// over a few diameters. The places lie inside the image and apart from each other.
std::vector<Stenosis> narrow(Philox& random, std::vector<Branch>& branches, std::int64_t most, double side);

}  // namespace vaso::phantom
