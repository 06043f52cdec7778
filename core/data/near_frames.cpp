#include "data/near_frames.hpp"

#include "vision/resample.hpp"

#include <array>
#include <bit>
#include <map>
#include <numeric>
#include <unordered_map>

namespace vaso::data {
namespace {

class DisjointSets {
 public:
  explicit DisjointSets(std::size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), 0); }
  std::int64_t root(std::int64_t of) {
    while (parent_[static_cast<std::size_t>(of)] != of) {
      auto& parent = parent_[static_cast<std::size_t>(of)];
      parent = parent_[static_cast<std::size_t>(parent)];
      of = parent;
    }
    return of;
  }
  void join(std::int64_t a, std::int64_t b) { parent_[static_cast<std::size_t>(root(a))] = root(b); }

 private:
  std::vector<std::int64_t> parent_;
};

}  // namespace

std::uint64_t difference_hash(const vision::GreyImage& image) {
  std::array<std::uint8_t, 72> small{};
  vision::resize_bicubic({image.pixels.data(), image.width, image.height, image.width}, 8, 9, small.data());
  std::uint64_t hash = 0;
  for (std::size_t y = 0; y < 8; ++y) {
    for (std::size_t x = 0; x < 8; ++x)
      hash = hash << 1 | static_cast<std::uint64_t>(small[9 * y + x] < small[9 * y + x + 1]);
  }
  return hash;
}

std::vector<std::vector<std::int64_t>> near_groups(const std::vector<std::uint64_t>& hashes) {
  DisjointSets sets(hashes.size());
  // Hashes that differ in at most three bits agree in at least one of four quarters; only those are compared.
  for (int quarter = 0; quarter < 4; ++quarter) {
    std::unordered_map<std::uint64_t, std::vector<std::int64_t>> buckets;
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      std::vector<std::int64_t>& bucket = buckets[hashes[i] >> (16 * quarter) & 0xffff];
      for (const std::int64_t other : bucket) {
        if (std::popcount(hashes[i] ^ hashes[static_cast<std::size_t>(other)]) <= 3)
          sets.join(static_cast<std::int64_t>(i), other);
      }
      bucket.push_back(static_cast<std::int64_t>(i));
    }
  }
  std::map<std::int64_t, std::vector<std::int64_t>> groups;
  for (std::size_t i = 0; i < hashes.size(); ++i)
    groups[sets.root(static_cast<std::int64_t>(i))].push_back(static_cast<std::int64_t>(i));
  std::map<std::int64_t, std::vector<std::int64_t>> sorted;  // by first member
  for (auto& [root, members] : groups) {
    if (members.size() > 1) sorted.emplace(members.front(), std::move(members));
  }
  std::vector<std::vector<std::int64_t>> result;
  for (auto& [first, members] : sorted) result.push_back(std::move(members));
  return result;
}

}  // namespace vaso::data
