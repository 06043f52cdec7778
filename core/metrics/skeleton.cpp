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

template <unsigned pass>
bool thin(const std::vector<std::uint64_t*>& words, std::int64_t stride, std::vector<std::uint64_t>& gone) {
  // A pass looks at the mask as it was before the pass.
  std::uint64_t any = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    gone[i] = *words[i] & look_up<pass>(neighbours(words[i], stride));
    any |= gone[i];
  }
  for (std::size_t i = 0; i < words.size(); ++i) *words[i] &= ~gone[i];
  return any != 0;
}

}  // namespace

BitMask skeleton(BitMask mask) {
  std::vector<std::uint64_t*> words;  // those with a pixel inside
  for (std::int64_t y = 0; y < mask.height(); ++y) {
    for (std::int64_t i = 0; i < mask.words_a_row(); ++i) {
      if (mask.row(y)[i] != 0) words.push_back(mask.row(y) + i);
    }
  }
  std::vector<std::uint64_t> gone(words.size());
  for (bool changed = true; changed;) {
    changed = thin<0>(words, mask.stride(), gone);
    changed |= thin<1>(words, mask.stride(), gone);
  }
  return mask;
}

vision::GreyImage skeleton(const vision::GreyImage& mask) { return skeleton(BitMask(mask)).image(); }

}  // namespace vaso::metrics
