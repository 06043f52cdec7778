// Rows of text under headings, in every format that `--format` names.
#pragma once

#include "report/formats.hpp"

#include <string>
#include <vector>

namespace vaso::cli {

struct Grid {
  std::vector<std::string> heading;
  std::vector<std::vector<std::string>> rows;
};

// As report::parse_format; throws UsageError with near names.
report::Format parse_format(const std::string& name);

// JSON is an array of objects keyed by heading. Ends with a newline.
std::string write(const Grid& grid, report::Format format);

}  // namespace vaso::cli
