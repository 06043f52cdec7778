// What share of the time since an epoch began was spent waiting for its batches.
#pragma once

#include <chrono>

namespace vaso::data {

class WaitingTime {
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;

 public:
  // Its lifetime is a wait.
  class Wait {
   public:
    explicit Wait(WaitingTime& time) : time_(time) {}
    ~Wait() { time_.waited_ += Clock::now() - start_; }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

   private:
    WaitingTime& time_;
    Clock::time_point start_ = Clock::now();
  };

  void restart() { *this = WaitingTime(); }
  double share() const {
    const Seconds elapsed = Clock::now() - began_;
    return elapsed.count() > 0 ? waited_ / elapsed : 0;
  }

 private:
  Clock::time_point began_ = Clock::now();
  Seconds waited_{0};
};

}  // namespace vaso::data
