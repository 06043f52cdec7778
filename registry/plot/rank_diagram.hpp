// The critical-difference diagram of Demšar 2006 (jmlr.org/papers/v7/demsar06a.html), with all names on one side.
#pragma once

#include "plot/svg.hpp"

#include <string>
#include <vector>

namespace vaso::plot {

struct RankDiagram {
  std::string title;
  std::vector<std::string> names;
  std::vector<double> ranks;                     // average rank of each, 1 = best
  double difference = 0;                         // ranks further apart than this differ
  std::vector<std::vector<std::size_t>> groups;  // into names: those within `difference` of each other
};

// Best on top; a thick bar joins each group.
Svg draw(const RankDiagram& diagram);

}  // namespace vaso::plot
