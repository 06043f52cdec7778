// How the programs end. Documented in README; tests hold to them.
#pragma once

namespace vaso {

enum ExitCode : int {
  exit_ok = 0,
  exit_failure = 1,  // anything without a code of its own (a database that cannot be opened)
  exit_usage = 2,
  exit_configuration = 3,
  exit_plugin = 4,
  exit_run_failed = 5,
  exit_interrupted = 6,
  exit_unlike = 7,  // `table --strict`: the runs of a table differ in more than the table says
};

}  // namespace vaso
