// The frames of the runs read last, for files that hold a whole run and are decoded whole.
#pragma once

#include "vision/grey_image.hpp"

#include <filesystem>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

namespace vaso::data {

// Shared by all threads: they work on neighbouring frames, so with a cache each they would all decode the same run.
class FrameCache {
 public:
  using Frames = std::vector<vision::GreyImage>;
  using Shared = std::shared_ptr<const Frames>;

  // runs: how many to keep. Four cover the frames that a loader's threads work on at a time.
  explicit FrameCache(std::size_t runs = 4) : runs_(runs) {}

  // The file's frames, by `read` unless they are here. Whoever else wants the same file meanwhile waits. What `read`
  // throws is thrown to all who waited, and the next to ask reads again. [any thread]
  Shared get(const std::filesystem::path& file, const std::function<Frames()>& read);

 private:
  struct Entry {
    std::filesystem::path file;
    std::shared_future<Shared> frames;
  };
  std::size_t runs_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the last used first
};

}  // namespace vaso::data
