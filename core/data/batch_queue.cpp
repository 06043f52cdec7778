#include "data/batch_queue.hpp"

namespace vaso::data {

BatchQueue::BatchQueue(int workers, Work work) : work_(std::move(work)) {
  for (int i = 0; i < workers; ++i) workers_.emplace_back([this] { run(); });
}

BatchQueue::~BatchQueue() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void BatchQueue::begin(std::int64_t first, std::int64_t end) {
  std::unique_lock lock(mutex_);
  end_ = 0;  // nothing more is claimed
  changed_.wait(lock, [this] { return busy_ == 0; });
  slots_.clear();
  taken_ = claim_batch_ = first;
  claim_position_ = 0;
  end_ = end;
  changed_.notify_all();
}

bool BatchQueue::can_claim() const { return claim_batch_ < end_ && claim_batch_ <= taken_ + kAhead; }

void BatchQueue::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || can_claim(); });
    if (stop_) return;
    const std::int64_t batch = claim_batch_;
    const std::int64_t position = claim_position_++;
    Slot& slot = slots_[batch];  // stays where it is: map nodes do not move, and next() takes only finished ones
    std::exception_ptr failure;
    if (position == 0) {
      slot.images = work_.images(batch);
      try {
        slot.bag = work_.open(batch);
      } catch (...) {
        slot.failure = std::current_exception();
      }
    }
    if (claim_position_ == slot.images) {
      ++claim_batch_;
      claim_position_ = 0;
    }
    if (!slot.failure) {
      ++busy_;
      lock.unlock();
      try {
        work_.fill(slot.bag, batch, position);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      --busy_;
      if (failure && !slot.failure) slot.failure = failure;
    }
    ++slot.done;
    if (slot.done == slot.images || busy_ == 0) changed_.notify_all();
  }
}

Bag BatchQueue::make_here(std::int64_t batch) const {
  Bag bag = work_.open(batch);
  for (std::int64_t i = 0; i < work_.images(batch); ++i) work_.fill(bag, batch, i);
  return bag;
}

bool BatchQueue::next(Bag& bag) {
  std::unique_lock lock(mutex_);
  if (taken_ >= end_) return false;
  if (workers_.empty()) {
    bag = make_here(taken_++);
    return true;
  }
  changed_.wait(lock, [this] {
    const auto slot = slots_.find(taken_);
    return slot != slots_.end() && slot->second.images > 0 && slot->second.done == slot->second.images;
  });
  Slot slot = std::move(slots_.extract(taken_).mapped());
  ++taken_;
  changed_.notify_all();
  if (slot.failure) std::rethrow_exception(slot.failure);
  bag = std::move(slot.bag);
  return true;
}

}  // namespace vaso::data
