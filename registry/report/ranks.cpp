#include "report/ranks.hpp"

#include "report/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

namespace vaso::report {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

// P(range of k independent standard normal values < q): the studentized range where the spread is known.
double chance_of_range(double q, std::size_t k) {
  const boost::math::normal normal;
  const auto density = [&](double largest) {
    return pdf(normal, largest) * std::pow(cdf(normal, largest) - cdf(normal, largest - q), static_cast<double>(k - 1));
  };
  constexpr double beyond = 9;  // standard deviations: nothing is out there
  return static_cast<double>(k) *
         boost::math::quadrature::gauss_kronrod<double, 61>::integrate(density, -beyond, beyond, 8, 1e-10);
}

// Demšar's q: the critical value of the studentized range, over √2.
double critical_value(std::size_t k, double level) {
  std::uintmax_t iterations = 100;
  const auto bracket =
      boost::math::tools::toms748_solve([&](double q) { return chance_of_range(q, k) - (1 - level); }, 1e-6, 40.0,
                                        boost::math::tools::eps_tolerance<double>(40), iterations);
  return (bracket.first + bracket.second) / 2 / std::sqrt(2.0);
}

std::vector<std::size_t> columns_that_count(const Table& table) {
  std::vector<std::size_t> columns;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].better != Better::neither) columns.push_back(c);
  }
  return columns;
}

double mean_of(const Table& table, std::size_t row, std::size_t column) {
  return summarise(table.rows[row].cells[column].values).mean;
}

std::vector<std::size_t> complete_rows(const Table& table, const std::vector<std::size_t>& columns) {
  std::vector<std::size_t> rows;
  for (std::size_t r = 0; r < table.rows.size() && !columns.empty(); ++r) {
    if (std::none_of(columns.begin(), columns.end(), [&](std::size_t c) { return std::isnan(mean_of(table, r, c)); })) {
      rows.push_back(r);
    }
  }
  return rows;
}

// The mean of a cell's values with one seed; NaN where it has none.
double with_seed(const Cell& cell, std::int64_t seed) {
  std::vector<double> values;
  for (std::size_t i = 0; i < cell.values.size(); ++i) {
    if (cell.seeds[i] == seed) values.push_back(cell.values[i]);
  }
  return summarise(values).mean;
}

using Block = std::vector<double>;  // ranks of the rows

void add_block(std::vector<Block>& blocks, const std::vector<double>& values, Better better) {
  if (std::none_of(values.begin(), values.end(), [](double value) { return std::isnan(value); })) {
    blocks.push_back(ranks(values, better));
  }
}

std::vector<Block> ranked(const Table& table, const std::vector<std::size_t>& rows, Blocks kind) {
  std::vector<Block> blocks;
  for (const std::size_t c : columns_that_count(table)) {
    const Better better = table.columns[c].better;
    if (kind == Blocks::columns) {
      std::vector<double> means;
      for (const std::size_t r : rows) means.push_back(mean_of(table, r, c));
      add_block(blocks, means, better);
      continue;
    }
    const std::vector<std::int64_t>& first = table.rows[rows.front()].cells[c].seeds;
    for (const std::int64_t seed : std::set<std::int64_t>(first.begin(), first.end())) {
      std::vector<double> values;
      for (const std::size_t r : rows) values.push_back(with_seed(table.rows[r].cells[c], seed));
      add_block(blocks, values, better);
    }
  }
  return blocks;
}

std::vector<double> mean_ranks(const std::vector<Block>& blocks, std::size_t rows) {
  std::vector<double> means(rows, 0.0);
  for (const Block& block : blocks) {
    for (std::size_t r = 0; r < rows; ++r) means[r] += block[r] / static_cast<double>(blocks.size());
  }
  return means;
}

void friedman(const std::vector<Block>& blocks, CriticalDifference& result) {
  const auto k = static_cast<double>(result.rows.size()), n = static_cast<double>(blocks.size());
  double squares = 0, ties = 0;
  for (const double mean : result.average_rank) squares += mean * mean;
  for (const Block& block : blocks) {
    for (const double rank : std::set<double>(block.begin(), block.end())) {
      const auto equal = static_cast<double>(std::count(block.begin(), block.end(), rank));
      ties += equal * equal * equal - equal;
    }
  }
  const double untied = 1 - ties / (n * k * (k * k - 1));
  result.chi_squared = result.p = unknown;
  if (untied <= 0) return;
  result.chi_squared = std::max(0.0, (12 * n / (k * (k + 1)) * squares - 3 * n * (k + 1)) / untied);
  result.p = cdf(complement(boost::math::chi_squared(k - 1), result.chi_squared));
}

// Runs of neighbours, by rank, that stay within the critical difference, without those inside a longer one.
std::vector<std::vector<std::size_t>> alike(const std::vector<double>& ranks, double difference) {
  std::vector<std::size_t> order(ranks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return ranks[a] < ranks[b]; });
  std::vector<std::vector<std::size_t>> groups;
  std::size_t furthest = 0;
  for (std::size_t first = 0; first < order.size(); ++first) {
    std::size_t end = first;
    while (end < order.size() && ranks[order[end]] - ranks[order[first]] <= difference) ++end;
    if (end - first < 2 || end <= furthest) continue;
    groups.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(first),
                        order.begin() + static_cast<std::ptrdiff_t>(end));
    furthest = end;
  }
  return groups;
}

}  // namespace

std::vector<double> ranks(const std::vector<double>& values, Better better) {
  const auto before = [&](double a, double b) { return better == Better::lower ? a < b : a > b; };
  std::vector<double> ranks;
  for (const double value : values) {
    const auto ahead = std::count_if(values.begin(), values.end(), [&](double other) { return before(other, value); });
    const auto equal = std::count(values.begin(), values.end(), value);
    ranks.push_back(std::isnan(value) ? unknown : static_cast<double>(ahead) + static_cast<double>(equal + 1) / 2);
  }
  return ranks;
}

std::vector<double> average_ranks(const Table& table) {
  std::vector<double> averages(table.rows.size(), unknown);
  const std::vector<std::size_t> rows = complete_rows(table, columns_that_count(table));
  if (rows.empty()) return averages;
  const std::vector<double> means = mean_ranks(ranked(table, rows, Blocks::columns), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) averages[rows[i]] = means[i];
  return averages;
}

std::optional<CriticalDifference> critical_difference(const Table& table, double level, Blocks kind) {
  CriticalDifference result;
  result.rows = complete_rows(table, columns_that_count(table));
  if (result.rows.size() < 2) return std::nullopt;
  const std::vector<Block> blocks = ranked(table, result.rows, kind);
  if (blocks.size() < 2) return std::nullopt;
  const auto k = static_cast<double>(result.rows.size());
  result.blocks = blocks.size();
  result.level = level;
  result.average_rank = mean_ranks(blocks, result.rows.size());
  friedman(blocks, result);
  result.difference =
      critical_value(result.rows.size(), level) * std::sqrt(k * (k + 1) / (6 * static_cast<double>(blocks.size())));
  result.groups = alike(result.average_rank, result.difference);
  return result;
}

}  // namespace vaso::report
