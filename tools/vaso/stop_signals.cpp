#include "stop_signals.hpp"

#include <array>

namespace vaso::cli {
namespace {

constexpr std::array stop_signals = {SIGINT, SIGTERM, SIGHUP};

volatile std::sig_atomic_t counted = 0;
int living = 0;
std::array<struct sigaction, stop_signals.size()> actions_before;
sigset_t mask_before;

}  // namespace

StopSignals::StopSignals() {
  if (living++ > 0) return;
  counted = 0;
  sigset_t blocked;
  sigemptyset(&blocked);
  struct sigaction action {};
  action.sa_handler = [](int) { counted = counted + 1; };
  for (std::size_t i = 0; i < stop_signals.size(); ++i) {
    sigaddset(&blocked, stop_signals[i]);
    sigaction(stop_signals[i], &action, &actions_before[i]);
  }
  sigprocmask(SIG_BLOCK, &blocked, &mask_before);
}

StopSignals::~StopSignals() {
  if (--living > 0) return;
  // Requests that are still pending are delivered to the handler, which is restored last: all was brought to an end.
  sigprocmask(SIG_SETMASK, &mask_before, nullptr);
  for (std::size_t i = 0; i < stop_signals.size(); ++i) sigaction(stop_signals[i], &actions_before[i], nullptr);
}

int StopSignals::requests() {
  // What arrived while blocked is pending, not yet counted.
  sigset_t blocked;
  sigprocmask(SIG_SETMASK, &mask_before, &blocked);
  sigprocmask(SIG_SETMASK, &blocked, nullptr);
  return counted;
}

const sigset_t& StopSignals::mask_while_waiting() { return mask_before; }

}  // namespace vaso::cli
