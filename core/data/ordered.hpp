// Work on many threads, results in order.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace vaso::data {

// Calls make(i) for i in 0…count−1 on `threads` threads and take(i, result) in the calling thread, in the order of i.
// At most four results per thread wait, so memory stays bounded however slow `take` is. The first exception of either,
// in the order of i, ends everything and is thrown on.
template <class Make, class Take>
void for_each_in_order(std::int64_t count, int threads, Make make, Take take) {
  using Result = decltype(make(std::int64_t{}));
  struct Outcome {
    std::optional<Result> result;
    std::exception_ptr failure;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::int64_t, Outcome> waiting;
  std::int64_t claimed = 0, taken = 0;
  bool stop = false;
  const std::int64_t window = 4 * std::max(threads, 1);

  const auto work = [&] {
    for (;;) {
      std::int64_t i = 0;
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return stop || claimed >= count || claimed < taken + window; });
        if (stop || claimed >= count) return;
        i = claimed++;
      }
      Outcome outcome;
      try {
        outcome.result.emplace(make(i));
      } catch (...) {
        outcome.failure = std::current_exception();
      }
      const std::lock_guard lock(mutex);
      waiting.emplace(i, std::move(outcome));
      changed.notify_all();
    }
  };

  struct Crew {
    std::vector<std::thread> threads;
    std::mutex& mutex;
    std::condition_variable& changed;
    bool& stop;
    ~Crew() {
      {
        const std::lock_guard lock(mutex);
        stop = true;
      }
      changed.notify_all();
      for (std::thread& thread : threads) thread.join();
    }
  } crew{{}, mutex, changed, stop};
  for (int t = 0; t < std::max(threads, 1); ++t) crew.threads.emplace_back(work);

  for (std::int64_t i = 0; i < count; ++i) {
    Outcome outcome;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return waiting.contains(i); });
      outcome = std::move(waiting.extract(i).mapped());
      taken = i + 1;
    }
    changed.notify_all();
    if (outcome.failure) std::rethrow_exception(outcome.failure);
    take(i, std::move(*outcome.result));
  }
}

}  // namespace vaso::data
