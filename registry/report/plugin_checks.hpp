// What a table says of the plugins that its runs used.
#pragma once

#include "report/table.hpp"

#include <optional>

namespace vaso::report {

// "every plugin in it (5) passed `vaso plugins check`", or which failed it and which were not examined. Nothing where
// none of them ever was, or the runs used none.
std::optional<std::string> plugin_check_note(const runs::Store& store, const std::vector<Audited>& runs);

}  // namespace vaso::report
