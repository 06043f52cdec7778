// A crash is a result: each component is examined in a process of its own.
#pragma once

#include "contract/report.hpp"
#include "contract/result.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace vaso::contract {

// What a child told before it ended.
struct Told {
  std::vector<Result> results;  // of the checks that it began, in order
  std::string nothing_more;     // why the other checks make no sense; "" where they do
  std::string broke_off;        // the check in which the process died, hung or left; "" where it got to its end
  bool interrupted = false;     // by `stop`
};

// Runs `examine` in a forked child that then ends as a program does, destructors of statics included. Its memory is
// limited, and what it prints is kept from the terminal. A signal, an exit, and a check that takes longer than
// `patience` become failures of the check under way, with the last lines that the child printed. Call it before threads
// are started. `stop` is asked now and then; where it says so, the child is killed. Throws std::runtime_error where no
// process can be made.
Told in_child(const std::function<void(Report&)>& examine, std::chrono::seconds patience,
              const std::function<bool()>& stop);

}  // namespace vaso::contract
