#include "report/paired_tests.hpp"

#include "report/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace vaso::report {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t most_counted = 400;  // pairs; a test takes milliseconds then

struct SignedRanks {
  std::vector<std::size_t> doubled;  // twice the rank of each difference: ranks of ties are halves at times
  std::size_t positive = 0;          // their sum where the difference is above zero
  std::size_t total = 0;
  double ties = 0;  // Σ t³ − t over groups of t equal ones
};

SignedRanks signed_ranks(std::vector<double> differences) {
  std::erase(differences, 0.0);
  std::sort(differences.begin(), differences.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
  SignedRanks ranks;
  for (std::size_t first = 0; first < differences.size();) {
    std::size_t end = first;
    while (end < differences.size() && std::abs(differences[end]) == std::abs(differences[first])) ++end;
    const auto equal = static_cast<double>(end - first);
    ranks.ties += equal * equal * equal - equal;
    for (std::size_t i = first; i < end; ++i) {
      ranks.doubled.push_back(first + 1 + end);  // of ranks first + 1 … end, the mean twice
      ranks.total += ranks.doubled.back();
      if (differences[i] > 0) ranks.positive += ranks.doubled.back();
    }
    first = end;
  }
  return ranks;
}

// P(sum of the ranks with a positive sign ≤ `sum`) where each sign is a fair coin. All 2^n assignments are counted by
// the sums that they give, so equal ranks need no tables of their own.
double chance_at_most(const std::vector<std::size_t>& doubled, std::size_t sum) {
  const std::size_t step = std::accumulate(doubled.begin(), doubled.end(), sum, std::gcd<std::size_t, std::size_t>);
  if (step == 0) return 1;
  std::vector<double> chance(sum / step + 1, 0.0);
  chance[0] = 1;
  std::size_t reached = 0;
  for (const std::size_t rank : doubled) {
    const std::size_t stride = rank / step;
    reached = std::min(reached + stride, chance.size() - 1);
    for (std::size_t s = reached; s > 0 && s >= stride; --s) chance[s] = 0.5 * (chance[s] + chance[s - stride]);
    for (std::size_t s = 0; s < std::min(stride, reached + 1); ++s) chance[s] *= 0.5;
  }
  return std::accumulate(chance.begin(), chance.end(), 0.0);
}

double normal_approximation(const SignedRanks& ranks) {
  const auto n = static_cast<double>(ranks.doubled.size());
  const double expected = n * (n + 1) / 4;
  const double variance = n * (n + 1) * (2 * n + 1) / 24 - ranks.ties / 48;
  const double apart = std::abs(static_cast<double>(ranks.positive) / 2 - expected) - 0.5;  // ½: continuity
  const boost::math::normal normal;
  return std::min(1.0, 2 * cdf(complement(normal, apart / std::sqrt(variance))));
}

void wilcoxon(const std::vector<double>& differences, PairedTest& test) {
  const SignedRanks ranks = signed_ranks(differences);
  test.exact = ranks.doubled.size() <= most_counted;
  if (ranks.doubled.empty()) {
    test.p_wilcoxon = 1;
  } else if (test.exact) {
    const std::size_t lesser = std::min(ranks.positive, ranks.total - ranks.positive);
    test.p_wilcoxon = std::min(1.0, 2 * chance_at_most(ranks.doubled, lesser));
  } else {
    test.p_wilcoxon = normal_approximation(ranks);
  }
}

// Equal but for rounding: then t is rounding divided by rounding. R's t.test draws the line here, and stops.
bool constant(const Summary& differences, const std::vector<double>& a, const std::vector<double>& b) {
  const double size = std::max(std::abs(summarise(a).mean), std::abs(summarise(b).mean));
  const double error = differences.deviation / std::sqrt(static_cast<double>(differences.n));
  return error <= 10 * std::numeric_limits<double>::epsilon() * size;
}

}  // namespace

PairedTest paired_test(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size())
    throw std::invalid_argument("a paired test needs as many values on one side as on the other");
  std::vector<double> differences(a.size());
  std::transform(a.begin(), a.end(), b.begin(), differences.begin(), std::minus<>());
  const Summary summary = summarise(differences);

  PairedTest test;
  test.pairs = a.size();
  test.mean_difference = summary.mean;
  test.floor = sign_flip_floor(a.size());
  test.t = test.p_t = test.p_wilcoxon = unknown;
  if (!std::isnan(summary.mean)) wilcoxon(differences, test);
  if (std::isfinite(summary.deviation) && !constant(summary, a, b)) {
    const auto n = static_cast<double>(summary.n);
    test.t = summary.mean / (summary.deviation / std::sqrt(n));
    test.p_t = 2 * cdf(complement(boost::math::students_t(n - 1), std::abs(test.t)));
  }
  test.p_t_holm = test.p_t;
  test.p_wilcoxon_holm = test.p_wilcoxon;
  return test;
}

double sign_flip_floor(std::size_t pairs) { return std::min(1.0, std::ldexp(2.0, -static_cast<int>(pairs))); }

std::size_t pairs_for(double level) {
  std::size_t pairs = 1;
  while (sign_flip_floor(pairs) >= level) ++pairs;
  return pairs;
}

std::vector<double> holm(const std::vector<double>& p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (!std::isnan(p[i])) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return p[i] < p[j]; });
  std::vector<double> corrected = p;
  double largest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, static_cast<double>(order.size() - i) * p[order[i]]);
    corrected[order[i]] = std::min(1.0, largest);
  }
  return corrected;
}

}  // namespace vaso::report
