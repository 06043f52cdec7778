#include "vessel_tree.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numbers>

namespace vaso::phantom {
namespace {

using std::numbers::pi;

struct Bud {
  double x, y, angle, radius;
  double bend;  // preferred turn over the length of an image side, radians
};

class Grower {
 public:
  Grower(Philox& random, const TreeShape& shape) : random_(random), shape_(shape) {}

  std::vector<Branch> grow(const Bud& trunk) {
    buds_.push_back(trunk);
    while (!buds_.empty() && static_cast<std::int64_t>(branches_.size()) < shape_.most_branches) {
      const Bud bud = buds_.front();  // thick ones first, so that a limit costs twigs
      buds_.pop_front();
      follow(bud);
    }
    return std::move(branches_);
  }

 private:
  bool outside(double x, double y) const {
    const double margin = 0.06 * shape_.side;
    return x < -margin || y < -margin || x > shape_.side + margin || y > shape_.side + margin;
  }

  void follow(Bud at) {
    Branch branch;
    double turn = 0;  // radians per pixel, wandering
    double until_split = at.radius * random_.uniform(5, 12);
    const double unit = shape_.side / 512;
    // Besides splitting, a branch tapers: it would be spent after this length.
    const double taper = at.radius / (shape_.side * random_.uniform(0.5, 1.3));
    while (at.radius > shape_.least_radius && !outside(at.x, at.y)) {
      branch.push_back({at.x, at.y, at.radius});
      const double step = std::max(0.3, 0.35 * at.radius);
      const double loose = 1 + 3 * shape_.least_radius / at.radius;  // thin branches wind more
      turn = 0.97 * turn + 0.03 * at.bend / shape_.side +
             0.0016 * loose / unit * std::sqrt(step / unit) * random_.normal();
      at.angle += turn * step;
      at.x += step * std::cos(at.angle);
      at.y += step * std::sin(at.angle);
      at.radius -= taper * step;
      until_split -= step;
      if (until_split <= 0) {
        split(at);
        until_split = std::max(6 * unit, at.radius * random_.uniform(6, 18));
      }
    }
    if (branch.size() > 8) branches_.push_back(std::move(branch));
  }

  // Gives off a side branch. The thinner it is, the more steeply it leaves.
  void split(Bud& at) {
    const double share = random_.uniform(0.3, 0.68);
    const double radius = share * at.radius;
    if (radius < 1.4 * shape_.least_radius) return;
    const double side = random_.uniform() < 0.5 ? -1 : 1;
    const double angle = (1.25 - 0.75 * share) * random_.uniform(0.8, 1.2);
    buds_.push_back({at.x, at.y, at.angle + side * angle, radius, -side * random_.uniform(0, 2.5)});
    at.radius = std::cbrt(std::pow(at.radius, 3) - std::pow(radius, 3));
    at.angle -= side * angle * 0.3 * share;
  }

  Philox& random_;
  TreeShape shape_;
  std::deque<Bud> buds_;
  std::vector<Branch> branches_;
};

}  // namespace

std::vector<Branch> grow_tree(Philox& random, double x, double y, double angle, const TreeShape& shape) {
  const double bend = random.uniform(-2.2, 2.2);
  return Grower(random, shape).grow({x, y, angle, shape.largest_radius, bend});
}

}  // namespace vaso::phantom
