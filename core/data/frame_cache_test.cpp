#include "data/frame_cache.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

using vaso::data::FrameCache;
using Frames = FrameCache::Frames;

TEST_SUITE("unit") {
  TEST_CASE("a run is read once while it is among the last used") {
    FrameCache cache(2);
    int reads = 0;
    const auto get = [&](const char* file) {
      return cache.get(file, [&] {
        ++reads;
        return Frames(1, {8, 8, static_cast<std::uint8_t>(file[0])});
      });
    };
    CHECK(get("a")->at(0).pixels[0] == 'a');
    CHECK(get("b")->at(0).pixels[0] == 'b');
    get("a");
    CHECK(reads == 2);
    get("c");  // b was used longest ago
    get("a");
    CHECK(reads == 3);
    const FrameCache::Shared kept = get("b");
    CHECK(reads == 4);
    get("c"), get("a");
    CHECK(kept->at(0).pixels[0] == 'b');  // whoever has it keeps it
  }

  TEST_CASE("threads that want the same run wait for the one that reads it") {
    FrameCache cache;
    std::atomic<int> reads = 0;
    std::latch ready(8);
    std::vector<std::thread> threads;
    std::atomic<int> right = 0;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        ready.arrive_and_wait();
        const FrameCache::Shared frames = cache.get("a", [&] {
          ++reads;
          return Frames(3, {8, 8, 7});
        });
        right += frames->size() == 3 && frames->at(2).pixels[5] == 7 ? 1 : 0;
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(reads == 1);
    CHECK(right == 8);
  }

  TEST_CASE("a failure is passed on, and the file read again the next time") {
    FrameCache cache;
    CHECK_THROWS_AS(cache.get("a", []() -> Frames { throw std::runtime_error("damaged"); }), std::runtime_error);
    CHECK(cache.get("a", [] { return Frames(2); })->size() == 2);
  }
}
