#include "report/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <random>

namespace vaso::report {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t resamples = 10'000;
constexpr std::uint64_t bootstrap_seed = 20'240'229;

// The means of samples drawn with replacement, in ascending order.
std::vector<double> resampled_means(const std::vector<double>& values) {
  std::mt19937_64 bits(bootstrap_seed);
  std::vector<double> means(resamples);
  for (double& mean : means) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      // Not std::uniform_int_distribution: each library draws in its own way, and the interval must be the same
      // everywhere.
      sum += values[static_cast<std::size_t>(((bits() >> 32) * values.size()) >> 32)];
    }
    mean = sum / static_cast<double>(values.size());
  }
  std::sort(means.begin(), means.end());
  return means;
}

// Of sorted values, between neighbours by a straight line (scipy's and R's default).
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

// How fast the standard error changes with the mean, from leaving out one value at a time.
double acceleration(const std::vector<double>& values, double mean) {
  double squares = 0, cubes = 0;
  for (const double value : values) {
    const double pull = value - mean;  // the mean without it moves the other way; the factor cancels
    squares += pull * pull;
    cubes += pull * pull * pull;
  }
  return cubes / (6 * std::pow(squares, 1.5));
}

}  // namespace

Summary summarise(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  if (values.empty()) return {0, unknown, unknown};
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / n;
  if (values.size() < 2) return {1, mean, unknown};
  double squares = 0;  // second pass: no cancellation where the deviation is small beside the mean
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {values.size(), mean, std::sqrt(squares / (n - 1))};
}

Interval t_interval(const std::vector<double>& values, double confidence) {
  const Summary summary = summarise(values);
  if (!std::isfinite(summary.deviation)) return {unknown, unknown};
  const auto n = static_cast<double>(summary.n);
  const double factor = quantile(boost::math::students_t(n - 1), (1 + confidence) / 2);
  const double half = factor * summary.deviation / std::sqrt(n);
  return {summary.mean - half, summary.mean + half};
}

Interval bootstrap_interval(const std::vector<double>& values, double confidence) {
  const Summary summary = summarise(values);
  if (!std::isfinite(summary.deviation)) return {unknown, unknown};
  if (std::all_of(values.begin(), values.end(), [&](double value) { return value == values.front(); })) {
    return {values.front(), values.front()};
  }
  const std::vector<double> means = resampled_means(values);
  const auto [first, last] = std::equal_range(means.begin(), means.end(), summary.mean);
  const auto rank = static_cast<double>((first - means.begin()) + (last - means.begin())) / 2;
  const boost::math::normal normal;
  // Inside (0, 1) for every sample of unequal values that 10,000 draws can show; the clamp is for those that they
  // cannot.
  const double bias =
      quantile(normal, std::clamp(rank / static_cast<double>(resamples), 0.5 / resamples, 1 - 0.5 / resamples));
  const double bend = acceleration(values, summary.mean);
  const auto bound = [&](double tail) {
    const double z = bias + quantile(normal, tail);
    return quantile(means, cdf(normal, bias + z / (1 - bend * z)));
  };
  return {bound((1 - confidence) / 2), bound((1 + confidence) / 2)};
}

}  // namespace vaso::report
