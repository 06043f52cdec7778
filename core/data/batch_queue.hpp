// Batches made ahead of their use, image by image, on worker threads.
#pragma once

#include "sdk/component.hpp"

#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace vaso::data {

// Work is handed out by image, not by batch: the first batch is ready after 1/workers of its time, and only kAhead + 1
// batches are in memory however many workers there are.
class BatchQueue {
 public:
  struct Work {
    std::function<std::int64_t(std::int64_t batch)> images;  // how many a batch has
    std::function<Bag(std::int64_t batch)> open;             // its tensors, still to be filled
    std::function<void(const Bag& bag, std::int64_t batch, std::int64_t position)> fill;  // [any thread]
  };
  // workers = 0: everything happens within next().
  BatchQueue(int workers, Work work);
  BatchQueue(const BatchQueue&) = delete;
  ~BatchQueue();

  // Forgets what was under way and makes batches first…end−1.
  void begin(std::int64_t first, std::int64_t end);
  // The next batch, in order; false after the last. Throws what open() or fill() threw for this batch.
  bool next(Bag& bag);

 private:
  static constexpr std::int64_t kAhead = 2;
  struct Slot {
    Bag bag;
    std::int64_t images = 0, done = 0;
    std::exception_ptr failure;
  };
  void run();
  bool can_claim() const;
  Bag make_here(std::int64_t batch) const;

  Work work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::int64_t, Slot> slots_;
  std::int64_t taken_ = 0, end_ = 0;                   // the batch that next() waits for, and the end
  std::int64_t claim_batch_ = 0, claim_position_ = 0;  // the image to be claimed next
  int busy_ = 0;
  bool stop_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace vaso::data
