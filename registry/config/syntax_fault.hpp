// What the TOML parser says, in words for someone who has never read its grammar.
#pragma once

#include "config/diagnostics.hpp"

namespace vaso::config {

// `description` as toml++ 3.x words it ("Error while parsing value: could not determine value type"); `where` as it
// gives it, with the line's text. The caret is moved from where the parser gave up to where the fault begins.
Diagnostic syntax_fault(std::string_view description, Origin where);

}  // namespace vaso::config
