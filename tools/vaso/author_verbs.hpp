// The verbs for authors of plugins.
#pragma once

#include "command_line.hpp"

namespace vaso::cli {

int plugins_new(const Arguments& arguments);
int plugins_docs(const Arguments& arguments);

}  // namespace vaso::cli
