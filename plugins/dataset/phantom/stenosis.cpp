#include "stenosis.hpp"

#include <algorithm>
#include <cmath>

namespace vaso::phantom {
namespace {

constexpr double kLeastRadius = 2.2;  // of a vessel whose narrowing can be seen, pixels of a 512-pixel frame
constexpr double kMargin = 0.08;      // from the border, share of the side
constexpr double kApart = 0.12;       // between two, share of the side

struct Place {
  std::size_t branch, node;
};

std::vector<Place> candidates(const std::vector<Branch>& branches, double side) {
  std::vector<Place> places;
  const auto inside = [side](double at) { return at > kMargin * side && at < (1 - kMargin) * side; };
  for (std::size_t b = 0; b < branches.size(); ++b) {
    const std::size_t size = branches[b].size();
    for (std::size_t n = size / 5; n < size - size / 5; ++n) {
      const Node& node = branches[b][n];
      if (node.radius * 512 / side >= kLeastRadius && inside(node.x) && inside(node.y)) places.push_back({b, n});
    }
  }
  return places;
}

Stenosis narrow_at(Philox& random, Branch& branch, std::size_t middle) {
  const double depth = random.uniform(0.5, 0.85);
  const double reach = branch[middle].radius * random.uniform(2.5, 5);  // pixels to either side
  Stenosis stenosis;
  for (Node& node : branch) {
    const double distance = std::hypot(node.x - branch[middle].x, node.y - branch[middle].y);
    if (distance > reach) continue;
    stenosis.push_back(node);
    node.radius *= 1 - depth * 0.5 * (1 + std::cos(M_PI * distance / reach));
  }
  return stenosis;
}

}  // namespace

std::vector<Stenosis> narrow(Philox& random, std::vector<Branch>& branches, std::int64_t most, double side) {
  std::vector<Stenosis> stenoses;
  std::vector<Place> places = candidates(branches, side);
  const auto wanted = 1 + random.below(static_cast<std::uint64_t>(most));
  std::vector<Node> taken;
  while (stenoses.size() < wanted && !places.empty()) {
    const Place place = places[random.below(places.size())];
    const Node at = branches[place.branch][place.node];
    stenoses.push_back(narrow_at(random, branches[place.branch], place.node));
    taken.push_back(at);
    std::erase_if(places, [&](const Place& other) {
      const Node& node = branches[other.branch][other.node];
      return std::hypot(node.x - at.x, node.y - at.y) < kApart * side;
    });
  }
  return stenoses;
}

}  // namespace vaso::phantom
