// A check before parsing: the TOML parser and the destructor of its result recurse once per level, so that a line of a
// hundred thousand "a." would overflow the stack.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace vaso::config {

// The byte at which brackets, or the dots of one key, are nested deeper than `deepest` (path.hpp).
std::optional<std::size_t> too_deep(std::string_view toml);

}  // namespace vaso::config
