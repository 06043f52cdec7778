#include "vision/components.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace vaso::vision {
namespace {

// Pixels begin … end−1 of a row that are set.
struct Run {
  std::int64_t y, begin, end;
  std::size_t parent;  // a run of the same component; the first one points at itself
  std::int64_t area;   // of the component, at the first run
};

std::size_t root_of(std::vector<Run>& runs, std::size_t i) {
  while (runs[i].parent != i) i = runs[i].parent = runs[runs[i].parent].parent;
  return i;
}

void join(std::vector<Run>& runs, std::size_t a, std::size_t b) {
  a = root_of(runs, a);
  b = root_of(runs, b);
  if (a == b) return;
  if (b < a) std::swap(a, b);
  runs[b].parent = a;
  runs[a].area += runs[b].area;
}

void append_runs(const GreyImage& mask, std::int64_t y, std::vector<Run>& runs) {
  const std::uint8_t *row = mask.row(y), *end = row + mask.width;
  for (const std::uint8_t* at = row; at < end;) {
    at = static_cast<const std::uint8_t*>(std::memchr(at, 255, static_cast<std::size_t>(end - at)));
    if (at == nullptr) return;
    const auto* after = static_cast<const std::uint8_t*>(std::memchr(at, 0, static_cast<std::size_t>(end - at)));
    if (after == nullptr) after = end;
    runs.push_back({y, at - row, after - row, runs.size(), after - at});
    at = after;
  }
}

std::vector<Run> components(const GreyImage& mask, Neighbours neighbours) {
  const std::int64_t reach = neighbours == Neighbours::eight ? 1 : 0;
  std::vector<Run> runs;
  std::size_t above = 0, here = 0;  // first runs of the row above and of this row
  for (std::int64_t y = 0; y < mask.height; ++y) {
    above = here;
    here = runs.size();
    append_runs(mask, y, runs);
    std::size_t upper = above;
    for (std::size_t i = here; i < runs.size(); ++i) {
      while (upper < here && runs[upper].end + reach <= runs[i].begin) ++upper;
      for (std::size_t j = upper; j < here && runs[j].begin < runs[i].end + reach; ++j) join(runs, j, i);
    }
  }
  return runs;
}

void erase(GreyImage& mask, const Run& run) { std::fill(mask.row(run.y) + run.begin, mask.row(run.y) + run.end, 0); }

}  // namespace

void keep_component(GreyImage& mask, std::size_t seed, Neighbours neighbours) {
  std::vector<Run> runs = components(mask, neighbours);
  const std::int64_t y = static_cast<std::int64_t>(seed) / mask.width, x = static_cast<std::int64_t>(seed) % mask.width;
  const auto holds = [&](const Run& run) { return run.y == y && run.begin <= x && x < run.end; };
  const auto found = std::find_if(runs.begin(), runs.end(), holds);
  const std::size_t wanted =
      found == runs.end() ? runs.size() : root_of(runs, static_cast<std::size_t>(found - runs.begin()));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (root_of(runs, i) != wanted) erase(mask, runs[i]);
  }
}

void erase_small_components(GreyImage& mask, std::int64_t least, Neighbours neighbours) {
  std::vector<Run> runs = components(mask, neighbours);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (runs[root_of(runs, i)].area < least) erase(mask, runs[i]);
  }
}

}  // namespace vaso::vision
