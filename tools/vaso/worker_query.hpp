// Asks the worker something and waits for the answer.
#pragma once

#include <string>
#include <vector>

namespace vaso::cli {

struct Answer {
  std::string json;  // of the last result event; "" where there was none
  int code = 0;      // how to end: the worker's code, or exit_failure where it was killed
};

// Shows faults, notes and progress on standard error; where the worker crashed, how, and its last lines. Throws
// WorkerError.
Answer ask_worker(const std::vector<std::string>& arguments, bool quiet);

}  // namespace vaso::cli
