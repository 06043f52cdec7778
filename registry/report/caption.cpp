#include "report/caption.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <set>

namespace vaso::report {
namespace {

// "3", or "2 to 3".
std::string range(const std::set<std::size_t>& counts) {
  return counts.size() == 1 ? fmt::format("{}", *counts.begin())
                            : fmt::format("{} to {}", *counts.begin(), *counts.rbegin());
}

// "" where every cell is one number: then there is nothing to explain.
std::string spread_sentence(const Analysis& analysis) {
  std::set<std::size_t> counts;
  for (const auto& row : analysis.cells) {
    for (const CellAnalysis& cell : row) {
      if (cell.summary.n > 0) counts.insert(cell.summary.n);
    }
  }
  if (counts.empty() || *counts.rbegin() < 2) return "";
  const int percent = static_cast<int>(100 * (1 - analysis.request.level) + 0.5);
  switch (analysis.request.spread) {
    case Spread::deviation:
      return fmt::format("Mean ± sample standard deviation over {} runs. ", range(counts));
    case Spread::t_interval:
      return fmt::format("Mean and {} % t interval over {} runs. ", percent, range(counts));
    case Spread::bootstrap:
      return fmt::format("Mean and {} % bootstrap interval (BCa) over {} runs. ", percent, range(counts));
  }
  return "";
}

const char* unit(Pairing pairing, bool plural) {
  switch (pairing) {
    case Pairing::image:
      return plural ? "images" : "image";
    case Pairing::seed:
      return plural ? "seeds" : "seed";
    case Pairing::column:
      return plural ? "columns" : "column";
  }
  return "";
}

std::vector<const PairedTest*> tests_of(const Analysis& analysis) {
  std::vector<const PairedTest*> tests;
  for (std::size_t r = 0; r < analysis.cells.size(); ++r) {
    for (const CellAnalysis& cell : analysis.cells[r]) {
      if (cell.test) tests.push_back(&*cell.test);
    }
    if (analysis.across_columns[r]) tests.push_back(&*analysis.across_columns[r]);
  }
  return tests;
}

// What few pairs put under every p.
std::string floor_sentence(const Analysis& analysis, const TestsWithBest& with_best) {
  std::set<std::size_t> pairs;
  for (const PairedTest* test : tests_of(analysis)) pairs.insert(test->pairs);
  if (with_best.count > 0) pairs.insert(with_best.fewest_pairs);
  if (pairs.empty()) return "";
  const std::size_t least = *pairs.begin();
  const double floor = sign_flip_floor(least), level = analysis.request.level;
  if (floor < level) return "";
  const std::size_t enough = pairs_for(level);
  return fmt::format("With {} {} no exact test goes below p = {:.3g}; to get below {} takes at least {} {}. ", least,
                     unit(analysis.request.pairing, least != 1), floor, level, enough,
                     unit(analysis.request.pairing, true));
}

std::string test_sentences(const Table& table, const Analysis& analysis) {
  if (!analysis.baseline) return "";
  std::string text = fmt::format("Differences are to {}. ", table.rows[*analysis.baseline].name());
  const std::vector<const PairedTest*> tests = tests_of(analysis);
  if (tests.empty()) {
    return text + fmt::format("Nothing could be tested: no two rows share a{} {}. ",
                              analysis.request.pairing == Pairing::image ? "n" : "",
                              unit(analysis.request.pairing, false));
  }
  std::set<std::size_t> pairs;
  bool exact = true;
  for (const PairedTest* test : tests) {
    pairs.insert(test->pairs);
    exact = exact && test->exact;
  }
  text += fmt::format(
      "Tests against it pair rows by {} (n = {}{}): paired t-test and {}Wilcoxon signed-rank test, "
      "two-sided, Holm-corrected over {} comparison{}. ",
      unit(analysis.request.pairing, false), range(pairs),
      analysis.request.pairing == Pairing::image ? ", each the mean over the seeds of both" : "", exact ? "exact " : "",
      tests.size(), tests.size() == 1 ? "" : "s");
  if (analysis.request.pairing == Pairing::column) text += "Columns where more is better count. ";
  return text;
}

}  // namespace

std::string caption_of(const Table& table, const Analysis& analysis, const TestsWithBest& with_best) {
  std::string text = spread_sentence(analysis) + test_sentences(table, analysis) + floor_sentence(analysis, with_best);
  if (!text.empty()) text.pop_back();
  return text;
}

std::string caption_of_best(const Analysis& analysis, const TestsWithBest& with_best) {
  const bool marked = std::any_of(analysis.cells.begin(), analysis.cells.end(), [](const auto& row) {
    return std::any_of(row.begin(), row.end(), [](const CellAnalysis& cell) { return cell.mark == Mark::best; });
  });
  if (!marked) return "";
  if (with_best.count == 0) {
    return analysis.request.pairing == Pairing::column
               ? "Pairs of columns do not tell single cells from the best."
               : fmt::format("Whether the rest differs from the best cannot be said: no two {}s were measured in both.",
                             unit(analysis.request.pairing, false));
  }
  return fmt::format(
      "The rest is told from the best of its column by the {}, paired by {}, at {} after Holm's "
      "correction for {} comparison{}.",
      analysis.request.test == Test::t ? "paired t-test" : "Wilcoxon signed-rank test",
      unit(analysis.request.pairing, false), analysis.request.level, with_best.count, with_best.count == 1 ? "" : "s");
}

}  // namespace vaso::report
