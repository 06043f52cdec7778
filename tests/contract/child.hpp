// A crash is a result: each component is examined in a process of its own.
#pragma once

#include "report.hpp"

#include <functional>

namespace vaso::contract {

// Runs `examine` in a forked child that then ends as a program does, destructors of statics included. Exceptions,
// signals, a bad exit code and a child that takes longer than `seconds` become failures.
Outcome run_in_child(const std::function<void(Report&)>& examine, unsigned seconds);

}  // namespace vaso::contract
