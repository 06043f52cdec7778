#include "metrics/skeleton.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <iterator>
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

}  // namespace

vision::GreyImage skeleton(const vision::GreyImage& mask) {
  // With a border of one pixel, every neighbour exists.
  const std::int64_t stride = mask.width + 2;
  std::vector<std::uint8_t> inside(static_cast<std::size_t>(stride * (mask.height + 2)), 0);
  std::vector<std::int64_t> left;  // places of the pixels that are still there
  for (std::int64_t y = 0; y < mask.height; ++y) {
    for (std::int64_t x = 0; x < mask.width; ++x) {
      if (mask.at(y, x) == 0) continue;
      left.push_back((y + 1) * stride + x + 1);
      inside[static_cast<std::size_t>(left.back())] = 1;
    }
  }
  const auto neighbours = [&](std::int64_t place) {
    const std::uint8_t* middle = inside.data() + place;
    const std::uint8_t *above = middle - stride, *below = middle + stride;
    return nw * above[-1] + n * above[0] + ne * above[1] + e * middle[1] + se * below[1] + s * below[0] +
           sw * below[-1] + w * middle[-1];
  };

  std::vector<std::int64_t> gone;
  for (bool changed = true; changed;) {
    changed = false;
    for (const std::uint8_t pass : {1, 2}) {
      // A pass looks at the mask as it was before the pass.
      gone.clear();
      std::copy_if(left.begin(), left.end(), std::back_inserter(gone),
                   [&](std::int64_t place) { return (table[neighbours(place)] & pass) != 0; });
      for (const std::int64_t place : gone) inside[static_cast<std::size_t>(place)] = 0;
      changed |= !gone.empty();
      std::erase_if(left, [&](std::int64_t place) { return inside[static_cast<std::size_t>(place)] == 0; });
    }
  }

  vision::GreyImage line(mask.height, mask.width);
  for (const std::int64_t place : left) line.at(place / stride - 1, place % stride - 1) = 255;
  return line;
}

}  // namespace vaso::metrics
