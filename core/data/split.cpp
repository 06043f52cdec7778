#include "data/split.hpp"

#include "data/philox.hpp"

#include "sdk/schema.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <stdexcept>
#include <tuple>

namespace vaso::data {
namespace {

using Elements = std::vector<std::int64_t>;

// The groups' elements, in the order that the seed draws.
std::vector<Elements> drawn_groups(const std::vector<std::string>& groups, const std::string& purpose,
                                   std::uint64_t seed) {
  std::map<std::tuple<std::uint64_t, std::string, std::int64_t>, Elements> ordered;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const std::string& name = groups[i];
    const auto index = static_cast<std::int64_t>(i);
    const std::int64_t alone = name.empty() ? index : -1;
    const std::uint64_t key = name.empty() ? random_key(seed, purpose + ".element", static_cast<std::uint64_t>(index))
                                           : random_key(seed, purpose + ":" + name);
    ordered[{key, name, alone}].push_back(index);
  }
  std::vector<Elements> drawn;
  drawn.reserve(ordered.size());
  for (auto& [key, elements] : ordered) drawn.push_back(std::move(elements));
  return drawn;
}

std::int64_t size_of(const Elements& elements) { return static_cast<std::int64_t>(elements.size()); }

// Fills the splits group by group, then trades groups between them while that brings the sizes nearer to the targets.
class Division {
 public:
  Division(const std::vector<Elements>& groups, std::vector<double> targets)
      : groups_(groups),
        targets_(std::move(targets)),
        sizes_(targets_.size(), 0),
        of_size_(targets_.size()),
        members_(targets_.size(), 0),
        split_of_(groups.size()) {
    needs_one_ = groups.size() >= empty_splits();
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      const bool last_chance = needs_one_ && groups_.size() - g <= empty_splits();
      put(g, neediest(last_chance));
    }
    while (trade()) {
    }
  }

  std::size_t split_of(std::size_t group) const { return split_of_[group]; }

 private:
  // Groups of one size are alike to a trade; the last one drawn is taken.
  using BySize = std::map<std::int64_t, std::vector<std::size_t>>;

  void put(std::size_t group, std::size_t split) {
    const std::int64_t size = size_of(groups_[group]);
    split_of_[group] = split;
    sizes_[split] += size;
    of_size_[split][size].push_back(group);
    ++members_[split];
  }

  std::size_t take(std::size_t split, std::int64_t size) {
    const auto found = of_size_[split].find(size);
    const std::size_t group = found->second.back();
    found->second.pop_back();
    if (found->second.empty()) of_size_[split].erase(found);
    sizes_[split] -= size;
    --members_[split];
    return group;
  }

  // That should get something and have nothing.
  std::size_t empty_splits() const {
    std::size_t count = 0;
    for (std::size_t s = 0; s < targets_.size(); ++s) count += targets_[s] > 0 && members_[s] == 0 ? 1 : 0;
    return count;
  }

  std::size_t neediest(bool among_empty) const {
    std::optional<std::size_t> best;
    for (std::size_t s = 0; s < targets_.size(); ++s) {
      if (targets_[s] <= 0 || (among_empty && members_[s] > 0)) continue;
      if (!best || missing(s) > missing(*best)) best = s;
    }
    return *best;
  }

  double missing(std::size_t split) const { return targets_[split] - static_cast<double>(sizes_[split]); }

  // What the sum of absolute differences falls by where `size` more elements go from one split to the other.
  double gain(std::size_t from, std::size_t to, std::int64_t size) const {
    const auto moved = static_cast<double>(size);
    return std::abs(missing(from)) + std::abs(missing(to)) - std::abs(missing(from) + moved) -
           std::abs(missing(to) - moved);
  }

  // Makes the best move of one group or exchange of two. False where none helps.
  bool trade() {
    struct Trade {
      std::size_t from = 0, to = 0;
      std::int64_t gives = 0, gets = 0;  // sizes; gets 0: a move
      double gain = 1e-6;                // less is rounding
    } best;
    bool found = false;
    for (std::size_t from = 0; from < targets_.size(); ++from) {
      for (std::size_t to = 0; to < targets_.size(); ++to) {
        if (from == to || targets_[from] <= 0 || targets_[to] <= 0) continue;
        const auto consider = [&](std::int64_t gives, std::int64_t gets) {
          const double by = gain(from, to, gives - gets);
          if (by <= best.gain) return;
          best = {from, to, gives, gets, by};
          found = true;
        };
        for (const auto& [gives, some] : of_size_[from]) {
          if (members_[from] > 1 || !needs_one_) consider(gives, 0);
          for (const auto& [gets, others] : of_size_[to]) {
            if (gives > gets) consider(gives, gets);
          }
        }
      }
    }
    if (!found) return false;
    const std::size_t given = take(best.from, best.gives);
    if (best.gets > 0) put(take(best.to, best.gets), best.from);
    put(given, best.to);
    return true;
  }

  const std::vector<Elements>& groups_;
  std::vector<double> targets_;      // elements; per split, as all below
  std::vector<std::int64_t> sizes_;  // elements
  std::vector<BySize> of_size_;
  std::vector<std::size_t> members_;  // groups
  std::vector<std::size_t> split_of_;
  bool needs_one_ = false;  // every split gets a group
};

}  // namespace

std::vector<std::string> split_by_group(const std::vector<std::string>& groups, const Shares& shares,
                                        std::uint64_t seed) {
  double all = 0;
  for (const auto& [name, share] : shares) {
    if (!(share >= 0) || !std::isfinite(share))
      throw std::invalid_argument("the share of `" + name + "` is no number from 0 up");
    all += share;
  }
  if (!(all > 0)) throw std::invalid_argument("no split has a positive share");
  std::vector<double> targets;
  for (const auto& [name, share] : shares) targets.push_back(share / all * static_cast<double>(groups.size()));

  const std::vector<Elements> drawn = drawn_groups(groups, "split", seed);
  const Division division(drawn, std::move(targets));
  std::vector<std::string> split(groups.size());
  for (std::size_t g = 0; g < drawn.size(); ++g) {
    for (const std::int64_t i : drawn[g]) split[static_cast<std::size_t>(i)] = shares[division.split_of(g)].first;
  }
  return split;
}

Shares train_val_test(const std::vector<double>& shares, const std::string& parameter) {
  if (shares.size() != 3) throw ParameterError(parameter, "it needs three shares: of train, val and test");
  double all = 0;
  for (const double share : shares) {
    if (!(share >= 0) || !std::isfinite(share)) throw ParameterError(parameter, "shares are numbers from 0 up");
    all += share;
  }
  if (!(all > 0)) throw ParameterError(parameter, "one of the shares must be positive");
  return {{"train", shares[0]}, {"val", shares[1]}, {"test", shares[2]}};
}

std::vector<std::int64_t> label_fraction(const std::vector<std::string>& groups, double fraction, std::uint64_t seed) {
  if (!(fraction > 0) || fraction > 1) throw std::invalid_argument("a fraction of the labels is above 0, at most 1");
  const double target = fraction * static_cast<double>(groups.size());
  std::vector<std::int64_t> kept;
  for (const Elements& group : drawn_groups(groups, "label_fraction", seed)) {
    // The middle of this group is beyond the target: without it, the sum is nearer.
    if (!kept.empty() && static_cast<double>(kept.size()) + 0.5 * static_cast<double>(group.size()) > target) break;
    kept.insert(kept.end(), group.begin(), group.end());
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

}  // namespace vaso::data
