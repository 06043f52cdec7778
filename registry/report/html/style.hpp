// How a report looks: on screens wide and narrow, light and dark, and on paper.
#pragma once

#include <string>

namespace vaso::report {

std::string style_sheet();

}  // namespace vaso::report
