#include "data/frame_cache.hpp"

#include <algorithm>

namespace vaso::data {

FrameCache::Shared FrameCache::get(const std::filesystem::path& file, const std::function<Frames()>& read) {
  const auto is_it = [&](const Entry& entry) { return entry.file == file; };
  std::promise<Shared> mine;
  {
    std::unique_lock lock(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(), is_it);
    if (found != entries_.end()) {
      entries_.splice(entries_.begin(), entries_, found);
      const std::shared_future<Shared> frames = found->frames;
      lock.unlock();
      return frames.get();
    }
    entries_.push_front({file, mine.get_future().share()});
    if (entries_.size() > runs_) entries_.pop_back();
  }
  try {
    const auto frames = std::make_shared<const Frames>(read());
    mine.set_value(frames);
    return frames;
  } catch (...) {
    mine.set_exception(std::current_exception());
    const std::lock_guard lock(mutex_);
    entries_.remove_if(is_it);
    throw;
  }
}

}  // namespace vaso::data
