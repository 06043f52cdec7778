// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
//
// A stream is named by what it is for, not by when it is drawn from: Philox(key(seed, "crop", epoch, sample)). That is
// why results do not depend on thread count or on where a run was interrupted.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace vaso {

// 64-bit key of a purpose; mixes the numbers with the purpose's name (splitmix64 over FNV-1a).
std::uint64_t random_key(std::uint64_t seed, std::string_view purpose, std::uint64_t a = 0, std::uint64_t b = 0,
                         std::uint64_t c = 0);

// The function itself: four random words for a counter and a key.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

class Philox {
 public:
  using result_type = std::uint32_t;
  explicit Philox(std::uint64_t key, std::uint64_t stream = 0) : key_(key), stream_(stream) {}
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return 0xffffffffu; }
  result_type operator()();
  double uniform();                         // [0,1), 32 bits
  double uniform(double low, double high);  // [low,high)
  std::uint64_t below(std::uint64_t n);     // 0 … n−1, without bias; n > 0
  double normal();                          // Box–Muller

 private:
  std::uint64_t key_, stream_, counter_ = 0;
  std::array<std::uint32_t, 4> block_{};
  int left_ = 0;
};

}  // namespace vaso
