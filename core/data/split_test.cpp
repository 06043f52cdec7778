#include "data/split.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>

using vaso::data::label_fraction;
using vaso::data::Shares;
using vaso::data::split_by_group;

namespace {

const Shares kUsual{{"train", 0.7}, {"val", 0.1}, {"test", 0.2}};

// Patients with 7 to 121 frames, as the runs of a real set have.
std::vector<std::string> patients(std::int64_t count, std::int64_t least = 7, std::int64_t step = 13) {
  std::vector<std::string> groups;
  for (std::int64_t p = 0; p < count; ++p) {
    groups.insert(groups.end(), static_cast<std::size_t>(least + p * step % 115), fmt::format("p{}", p));
  }
  return groups;
}

std::map<std::string, std::int64_t> sizes(const std::vector<std::string>& split) {
  std::map<std::string, std::int64_t> count;
  for (const std::string& name : split) ++count[name];
  return count;
}

double distance(const std::vector<std::string>& split, const Shares& shares) {
  double all = 0, sum = 0;
  for (const auto& [name, share] : shares) all += share;
  auto count = sizes(split);
  for (const auto& [name, share] : shares) {
    sum += std::abs(static_cast<double>(count[name]) - share / all * static_cast<double>(split.size()));
  }
  return sum;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a split keeps groups whole, gives every element a split, and comes close to the shares") {
    const std::vector<std::string> groups = patients(64);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const std::vector<std::string> split = split_by_group(groups, kUsual, seed);
      REQUIRE(split.size() == groups.size());
      std::map<std::string, std::set<std::string>> splits_of;
      for (std::size_t i = 0; i < groups.size(); ++i) splits_of[groups[i]].insert(split[i]);
      for (const auto& [group, names] : splits_of) CHECK(names.size() == 1);
      CHECK(sizes(split).size() == 3);
      CHECK(distance(split, kUsual) <= 4);  // of some 4000 elements, in lumps of up to 121
    }
  }

  TEST_CASE("a split is the best of all divisions, or one element off") {
    // Every division of five groups of different sizes in two, by enumeration.
    const std::vector<std::int64_t> size{9, 7, 5, 3, 1};
    std::vector<std::string> groups;
    for (std::size_t g = 0; g < size.size(); ++g) {
      groups.insert(groups.end(), static_cast<std::size_t>(size[g]), std::string(1, static_cast<char>('a' + g)));
    }
    for (const double share : {0.1, 0.2, 0.33, 0.5, 0.64, 0.9}) {
      double best = 1e9;
      for (unsigned set = 1; set + 1 < 1u << size.size(); ++set) {
        std::int64_t first = 0;
        for (std::size_t g = 0; g < size.size(); ++g) first += (set >> g & 1u) != 0 ? size[g] : 0;
        best = std::min(best, 2 * std::abs(static_cast<double>(first) - share * 25));
      }
      const Shares shares{{"a", share}, {"b", 1 - share}};
      for (std::uint64_t seed = 0; seed < 10; ++seed) {
        // One element on the wrong side counts twice.
        CHECK(distance(split_by_group(groups, shares, seed), shares) <= best + 2 + 1e-9);
      }
    }
  }

  TEST_CASE("elements without a group are divided to the element; counts serve as shares") {
    const std::vector<std::string> loose(221, "");
    const auto count = sizes(split_by_group(loose, {{"train", 175}, {"test", 46}}, 3));
    CHECK(count.at("train") == 175);
    CHECK(count.at("test") == 46);
  }

  TEST_CASE("a split depends on the seed and the names, not on the order of the elements") {
    const std::vector<std::string> groups = patients(40);
    const std::vector<std::string> split = split_by_group(groups, kUsual, 5);
    CHECK(split == split_by_group(groups, kUsual, 5));
    CHECK(split != split_by_group(groups, kUsual, 6));
    std::map<std::string, std::string> of_group;
    for (std::size_t i = 0; i < groups.size(); ++i) of_group[groups[i]] = split[i];
    std::vector<std::string> backwards(groups.rbegin(), groups.rend());
    const std::vector<std::string> again = split_by_group(backwards, kUsual, 5);
    for (std::size_t i = 0; i < backwards.size(); ++i) CHECK(again[i] == of_group[backwards[i]]);
  }

  TEST_CASE("no split with a share stays empty while there are groups enough; one without a share does") {
    const std::vector<std::string> three{"a", "a", "a", "b", "b", "b", "c", "c", "c"};
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      CHECK(sizes(split_by_group(three, {{"train", 0.98}, {"val", 0.01}, {"test", 0.01}}, seed)).size() == 3);
      CHECK(sizes(split_by_group(three, {{"train", 1}, {"val", 0}, {"test", 1}}, seed)).count("val") == 0);
    }
    CHECK(sizes(split_by_group({"a", "a"}, kUsual, 1)) == std::map<std::string, std::int64_t>{{"train", 2}});
    CHECK(split_by_group({}, kUsual, 1).empty());
  }

  TEST_CASE("shares that are none are refused") {
    CHECK_THROWS_AS(split_by_group({"a"}, {{"train", -0.1}, {"test", 1.1}}, 1), std::invalid_argument);
    CHECK_THROWS_AS(split_by_group({"a"}, {{"train", 0}, {"test", 0}}, 1), std::invalid_argument);
    CHECK_THROWS_AS(split_by_group({"a"}, {{"train", std::nan("")}}, 1), std::invalid_argument);
  }

  TEST_CASE("fractions of the labels are nested, of whole groups, about as large as asked, and never empty") {
    for (const std::vector<std::string>& groups : {patients(64), std::vector<std::string>(1000, "")}) {
      for (std::uint64_t seed = 0; seed < 5; ++seed) {
        std::vector<std::int64_t> smaller;
        for (const double fraction : {1e-9, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0}) {
          const std::vector<std::int64_t> kept = label_fraction(groups, fraction, seed);
          REQUIRE(!kept.empty());
          CHECK(std::is_sorted(kept.begin(), kept.end()));
          CHECK(std::includes(kept.begin(), kept.end(), smaller.begin(), smaller.end()));
          // The last group taken reaches over the target by its half at most; the first is always taken.
          const double target = fraction * static_cast<double>(groups.size());
          CHECK(std::abs(static_cast<double>(kept.size()) - target) <= std::max(121.0 / 2, 121 - target));
          if (groups.front().empty() && target >= 1) CHECK(static_cast<double>(kept.size()) == target);
          std::map<std::string, std::set<bool>> taken;
          for (std::size_t i = 0; i < groups.size(); ++i) {
            if (!groups[i].empty())
              taken[groups[i]].insert(std::binary_search(kept.begin(), kept.end(), static_cast<std::int64_t>(i)));
          }
          for (const auto& [group, values] : taken) CHECK(values.size() == 1);
          smaller = kept;
        }
        CHECK(smaller.size() == groups.size());
      }
    }
    CHECK(label_fraction(std::vector<std::string>(100, ""), 0.1, 1) !=
          label_fraction(std::vector<std::string>(100, ""), 0.1, 2));
    CHECK(label_fraction({}, 0.5, 1).empty());
    CHECK_THROWS_AS(label_fraction({"a"}, 0, 1), std::invalid_argument);
    CHECK_THROWS_AS(label_fraction({"a"}, 1.01, 1), std::invalid_argument);
  }
}
