// Time since a moment, for rates and for what should happen every so often.
#pragma once

#include <chrono>

namespace vaso::train {

class Clock {
 public:
  double seconds() const { return std::chrono::duration<double>(Time::now() - start_).count(); }
  void restart() { start_ = Time::now(); }
  // True once per `period` seconds; restarts then.
  bool every(double period) {
    if (seconds() < period) return false;
    restart();
    return true;
  }

 private:
  using Time = std::chrono::steady_clock;
  Time::time_point start_ = Time::now();
};

}  // namespace vaso::train
