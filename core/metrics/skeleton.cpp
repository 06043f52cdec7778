#include "metrics/skeleton.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace vaso::metrics {
namespace {

// Neighbours by the bit that each has in a pixel's index.
enum Neighbour : unsigned { nw = 1, n = 2, ne = 4, e = 8, se = 16, s = 32, sw = 64, w = 128 };

// In which of the two passes of a round a pixel with these neighbours goes, as bits: 1 first, 2 second.
// T. Y. Zhang and C. Y. Suen, "A fast parallel algorithm for thinning digital patterns", CACM 27(3), 1984.
constexpr std::uint8_t zhang_suen(unsigned neighbours) {
  const int count = std::popcount(neighbours);
  // Runs of neighbours around the pixel: bits that are set whose predecessor, going round, is not.
  const int runs = std::popcount(neighbours & ~((neighbours << 1 | neighbours >> 7) & 255));
  if (count < 2 || count > 6 || runs != 1) return 0;
  const auto all = [&](unsigned three) { return (neighbours & three) == three; };
  const int first = !all(n | e | s) && !all(e | s | w);
  const int second = !all(n | e | w) && !all(n | s | w);
  return static_cast<std::uint8_t>(first | second << 1);
}

// skimage/morphology/_skeletonize_cy.pyx, _fast_skeletonize: the same table in 0.19.3 and 0.25.2.
constexpr std::array<std::uint8_t, 256> table = [] {
  std::array<std::uint8_t, 256> passes{};
  for (unsigned index = 0; index < 256; ++index) passes[index] = zhang_suen(index);
  constexpr std::pair<unsigned, std::uint8_t> others[] = {
      {3, 1},   {6, 1},   {10, 3},  {11, 1},  {12, 1},  {14, 1},  {24, 2},  {26, 2},  {40, 3},
      {48, 0},  {56, 2},  {96, 2},  {104, 2}, {108, 2}, {129, 0}, {130, 3}, {131, 1}, {134, 1},
      {160, 3}, {161, 1}, {176, 2}, {192, 2}, {194, 1}, {198, 1}, {224, 2},
  };
  for (const auto& [index, value] : others) passes[index] = value;
  return passes;
}();

// The eight neighbours of 64 pixels, by the bit that each has in a pixel's index.
using Planes = std::array<std::uint64_t, 8>;

Planes neighbours(const std::uint64_t* middle, std::int64_t stride) {
  const auto west = [](const std::uint64_t* word) { return word[0] << 1 | word[-1] >> 63; };
  const auto east = [](const std::uint64_t* word) { return word[0] >> 1 | word[1] << 63; };
  const std::uint64_t *above = middle - stride, *below = middle + stride;
  return {west(above), above[0], east(above), east(middle), east(below), below[0], west(below), west(middle)};
}

// The table's bit `pass` for 64 pixels at once. It is looked up from the highest bit of the index down: where that
// decides nothing, it is not asked for, and the compiler makes one of what occurs many times.
template <unsigned pass, unsigned first = 0, unsigned bits = 8>
[[gnu::always_inline]] inline std::uint64_t look_up(const Planes& planes) {
  constexpr unsigned half = 1U << bits >> 1;
  constexpr auto goes = [](unsigned index) { return (table[index] >> pass & 1) != 0; };
  constexpr bool constant = [goes] {
    for (unsigned i = 1; i < 2 * half; ++i) {
      if (goes(first + i) != goes(first)) return false;
    }
    return true;
  }();
  if constexpr (bits == 0 || constant) {
    return goes(first) ? ~std::uint64_t{0} : 0;
  } else {
    constexpr bool alike = [goes] {
      for (unsigned i = 0; i < half; ++i) {
        if (goes(first + i) != goes(first + half + i)) return false;
      }
      return true;
    }();
    const std::uint64_t unset = look_up<pass, first, bits - 1>(planes);
    if constexpr (alike) return unset;
    const std::uint64_t set = look_up<pass, first + half, bits - 1>(planes);
    return unset ^ (planes[bits - 1] & (unset ^ set));
  }
}

// Passes over the words of a mask. Places are counted from the first word of the first row.
class Thinning {
 public:
  explicit Thinning(BitMask& mask)
      : words_(mask.row(0)), stride_(mask.stride()), flags_(static_cast<std::size_t>((mask.height() + 2) * stride_)) {
    for (std::int64_t y = 0; y < mask.height(); ++y) {
      for (std::int64_t i = 0; i < mask.words_a_row(); ++i) {
        if (mask.row(y)[i] != 0) inside_.push_back(y * stride_ + i);
      }
    }
    gone_.resize(inside_.size());
    for (const std::int64_t place : inside_) flag(place) = 1 | 2;
  }

  // Whether a pixel went.
  template <unsigned pass>
  bool thin() {
    // What a word lost in the last pass of this kind and in the one after it: where that is nothing, around a word too,
    // the pass finds what it found, nothing. Thin vessels are done long before thick ones.
    active_.clear();
    for (const std::int64_t place : inside_) {
      if (any_around(place)) active_.push_back(place);
    }
    for (const std::int64_t place : inside_) flag(place) &= static_cast<std::uint8_t>(~(1U << pass));
    // A pass looks at the mask as it was before the pass.
    for (std::size_t i = 0; i < active_.size(); ++i) {
      const std::uint64_t* const word = words_ + active_[i];
      gone_[i] = *word & look_up<pass>(neighbours(word, stride_));
    }
    bool any = false;
    for (std::size_t i = 0; i < active_.size(); ++i) {
      if (gone_[i] == 0) continue;
      words_[active_[i]] &= ~gone_[i];
      flag(active_[i]) |= static_cast<std::uint8_t>(1U << pass);
      any = true;
    }
    return any;
  }

 private:
  std::uint8_t& flag(std::int64_t place) { return flags_[static_cast<std::size_t>(place + stride_ + 1)]; }
  bool any_around(std::int64_t place) {
    const auto row = [](const std::uint8_t* middle) { return middle[-1] | middle[0] | middle[1]; };
    const std::uint8_t* const middle = &flag(place);
    return (row(middle - stride_) | row(middle) | row(middle + stride_)) != 0;
  }

  std::uint64_t* words_;
  std::int64_t stride_;
  std::vector<std::uint8_t> flags_;  // a bit for each pass: pixels went in the last of its kind
  std::vector<std::int64_t> inside_, active_;
  std::vector<std::uint64_t> gone_;
};

}  // namespace

BitMask skeleton(BitMask mask) {
  Thinning thinning(mask);
  for (bool changed = true; changed;) {
    changed = thinning.thin<0>();
    changed |= thinning.thin<1>();
  }
  return mask;
}

vision::GreyImage skeleton(const vision::GreyImage& mask) { return skeleton(BitMask(mask)).image(); }

}  // namespace vaso::metrics
