// A weighted draw without replacement for every row at once: the `count` smallest of log(−log u) − log w, which has the
// distribution of the sequential draw, as in sdk/draw.cpp. With weights of 0 and 1 it is an even draw.
#pragma once

#include "cuda/for_each.hpp"

#include <cmath>

namespace vaso::cuda {

struct Draw {
  std::int64_t rows = 0, tokens = 0;
  const double* weights = nullptr;      // rows×tokens; 0 = never
  const std::int64_t* count = nullptr;  // of each row; null: `equal_count` for all
  std::int64_t equal_count = 0;
  const std::int64_t* seed = nullptr;  // two numbers, where the work is done: a draw waits for nothing
  double* keys = nullptr;              // working memory, rows×tokens
  bool* drawn = nullptr;               // rows×tokens
};

// Philox4x32-10 (Salmon et al., SC 2011), the function of data/philox.hpp; here for both sides.
struct Words {
  std::uint32_t a, b, c, d;
};
VASO_HOST_DEVICE inline Words philox(Words counter, std::uint32_t key0, std::uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * counter.a, p1 = std::uint64_t{0xCD9E8D57u} * counter.c;
    counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter.b ^ key0, static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32) ^ counter.d ^ key1, static_cast<std::uint32_t>(p0)};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

// In (0,1): 53 bits, never 0 and never 1, so that every logarithm is finite and none is 0.
VASO_HOST_DEVICE inline double open_uniform(const Words& words) {
  const std::uint64_t bits = (std::uint64_t{words.a} << 32 | words.b) >> 12;  // 52 bits
  return (static_cast<double>(bits) + 0.5) * 0x1p-52;
}

constexpr double never = HUGE_VAL;

// (0, row, token)
struct DrawKeys {
  Draw draw;
  VASO_HOST_DEVICE void operator()(std::int64_t, std::int64_t row, std::int64_t token) const {
    const std::int64_t at = row * draw.tokens + token;
    const double weight = draw.weights[at];
    const auto key = static_cast<std::uint64_t>(draw.seed[0]), more = static_cast<std::uint64_t>(draw.seed[1]);
    const auto place = static_cast<std::uint64_t>(at);
    const Words words = philox({static_cast<std::uint32_t>(place), static_cast<std::uint32_t>(place >> 32),
                                static_cast<std::uint32_t>(more), static_cast<std::uint32_t>(more >> 32)},
                               static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32));
    draw.keys[at] = weight > 0 ? std::log(-std::log(open_uniform(words))) - std::log(weight) : never;
  }
};

// (0, row, token): drawn where fewer than `count` of the row come before it; of equal keys the first comes first.
struct TakeSmallest {
  Draw draw;
  VASO_HOST_DEVICE void operator()(std::int64_t, std::int64_t row, std::int64_t token) const {
    const double* keys = draw.keys + row * draw.tokens;
    const std::int64_t count = draw.count == nullptr ? draw.equal_count : draw.count[row];
    std::int64_t before = 0;
    for (std::int64_t other = 0; other < draw.tokens; ++other)
      before += keys[other] < keys[token] || (keys[other] == keys[token] && other < token) ? 1 : 0;
    draw.drawn[row * draw.tokens + token] = keys[token] < never && before < count;
  }
};

template <class Run>
void draw_steps(const Run& run, const Draw& draw) {
  run({1, draw.rows, draw.tokens}, DrawKeys{draw});
  run({1, draw.rows, draw.tokens}, TakeSmallest{draw});
}

}  // namespace vaso::cuda
