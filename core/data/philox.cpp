#include "data/philox.hpp"

#include <cmath>
#include <numbers>

namespace vaso {
namespace {

std::uint64_t splitmix64(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace

std::uint64_t random_key(std::uint64_t seed, std::string_view purpose, std::uint64_t a, std::uint64_t b,
                         std::uint64_t c) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const char letter : purpose) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3u;
  for (const std::uint64_t number : {seed, a, b, c}) hash = splitmix64(hash ^ number);
  return hash;
}

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t first = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t second = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(second >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(second),
               static_cast<std::uint32_t>(first >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(first)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

Philox::result_type Philox::operator()() {
  if (left_ == 0) {
    block_ = philox4x32({static_cast<std::uint32_t>(counter_), static_cast<std::uint32_t>(counter_ >> 32),
                         static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)},
                        {static_cast<std::uint32_t>(key_), static_cast<std::uint32_t>(key_ >> 32)});
    ++counter_;
    left_ = 4;
  }
  return block_[static_cast<std::size_t>(4 - left_--)];
}

double Philox::uniform() { return (*this)() * 0x1p-32; }

double Philox::uniform(double low, double high) { return low + (high - low) * uniform(); }

std::uint64_t Philox::below(std::uint64_t n) {
  const auto draw = [this] {
    const std::uint64_t high = (*this)();
    return high << 32 | (*this)();
  };
  // Draws in the last, incomplete run of n would favour small results.
  const std::uint64_t rejected = (~n + 1) % n;  // 2^64 mod n
  std::uint64_t value = draw();
  while (value < rejected) value = draw();
  return value % n;
}

double Philox::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

}  // namespace vaso
