// Ctrl-C, counted instead of obeyed: what began must be brought to an end that can be resumed.
#pragma once

#include <csignal>

namespace vaso::cli {

// While one lives, SIGINT, SIGTERM and SIGHUP are counted, and delivered only inside ppoll with mask_while_waiting():
// nothing is lost between a look and a wait. May be nested; the outermost counts.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;

  // Since the outermost one was made.
  static int requests();
  static const sigset_t& mask_while_waiting();
};

}  // namespace vaso::cli
