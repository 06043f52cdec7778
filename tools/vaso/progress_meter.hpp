// How fast a stage goes, and when it will be done.
#pragma once

#include "terminal.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace vaso::cli {

class ProgressMeter {
 public:
  void begin();  // a new stage
  void update(std::int64_t done, std::int64_t total);

  std::int64_t done() const { return done_; }
  std::int64_t total() const { return total_; }  // 0 before the first update of a stage
  std::optional<double> seconds_left() const;    // nothing while it cannot be told
  // "31.2/s  0:22 left", as far as it is known.
  std::string speed() const;
  // True once for every tenth that was reached; those that were done when a resumed stage began do not count.
  bool reached_tenth();

 private:
  using Clock = std::chrono::steady_clock;
  std::optional<double> rate() const;  // per second

  std::int64_t done_ = 0, total_ = 0;
  std::int64_t first_ = -1;  // where counting began: a resumed stage does not begin at 0
  std::int64_t tenth_ = 0;   // the last tenth that was told
  Clock::time_point began_ = Clock::now();
};

// "name  ━━━━────  45 %  9/20  31.2/s  0:22 left  loss 0.8" in at most so many columns; without the bar where the
// numbers leave it no room. `name` may be empty.
std::string bar_line(const Terminal& terminal, const ProgressMeter& meter, const std::string& name,
                     const std::string& text, std::size_t width);

// The same for a log: " 45 %  9/20  31.2/s  0:22 left  loss 0.8".
std::string plain_line(const ProgressMeter& meter, const std::string& text);

}  // namespace vaso::cli
