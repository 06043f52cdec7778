#include "report/analysis.hpp"

#include "report/caption.hpp"
#include "report/pairing.hpp"
#include "report/ranks.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace vaso::report {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

Interval spread_of(const Cell& cell, const Summary& summary, const AnalysisRequest& request) {
  switch (request.spread) {
    case Spread::t_interval:
      return t_interval(cell.values, 1 - request.level);
    case Spread::bootstrap:
      return bootstrap_interval(cell.values, 1 - request.level);
    case Spread::deviation:
      break;
  }
  return {summary.mean - summary.deviation, summary.mean + summary.deviation};
}

double deciding(const PairedTest& test, Test by) { return by == Test::t ? test.p_t_holm : test.p_wilcoxon_holm; }

// Corrects the tests as one family.
void correct(const std::vector<PairedTest*>& tests) {
  std::vector<double> t, wilcoxon;
  for (const PairedTest* test : tests) {
    t.push_back(test->p_t);
    wilcoxon.push_back(test->p_wilcoxon);
  }
  t = holm(t);
  wilcoxon = holm(wilcoxon);
  for (std::size_t i = 0; i < tests.size(); ++i) {
    tests[i]->p_t_holm = t[i];
    tests[i]->p_wilcoxon_holm = wilcoxon[i];
  }
}

class Analyst {
 public:
  Analyst(const Table& table, const runs::Store& store, Analysis& analysis)
      : table_(table), images_(store), analysis_(analysis) {}

  void compare_with_baseline() {
    const std::size_t baseline = *analysis_.baseline;
    std::vector<PairedTest*> family;
    for (std::size_t r = 0; r < table_.rows.size(); ++r) {
      if (r == baseline) continue;
      for (std::size_t c = 0; c < table_.columns.size(); ++c) {
        CellAnalysis& cell = analysis_.cells[r][c];
        const CellAnalysis& other = analysis_.cells[baseline][c];
        if (cell.summary.n > 0 && other.summary.n > 0) cell.difference = cell.summary.mean - other.summary.mean;
        cell.test = test(r, baseline, c);
        if (cell.test) family.push_back(&*cell.test);
      }
      if (analysis_.request.pairing != Pairing::column) continue;
      const Pairs pairs = by_column(table_, r, baseline);
      if (pairs.a.empty()) continue;
      analysis_.across_columns[r] = paired_test(pairs.a, pairs.b);
      family.push_back(&*analysis_.across_columns[r]);
    }
    correct(family);
  }

  // Marks best, second, and what cannot be told from the best.
  TestsWithBest mark() {
    struct Tested {
      std::size_t row, column;
      PairedTest test;
    };
    std::vector<Tested> tested;
    std::vector<CellAnalysis*> untested;  // share no pairs with the best
    for (std::size_t c = 0; c < table_.columns.size(); ++c) {
      const std::optional<std::size_t> best = mark_column(c);
      if (!best) continue;
      for (std::size_t r = 0; r < table_.rows.size(); ++r) {
        if (analysis_.cells[r][c].mark == Mark::best) continue;
        const auto result = test(r, *best, c);
        if (result && result->pairs > 1) {
          tested.push_back({r, c, *result});
        } else if (analysis_.cells[r][c].summary.n > 0) {
          untested.push_back(&analysis_.cells[r][c]);
        }
      }
    }
    std::vector<PairedTest*> family;
    for (Tested& each : tested) family.push_back(&each.test);
    correct(family);
    for (const Tested& each : tested) {
      analysis_.cells[each.row][each.column].level_with_best =
          deciding(each.test, analysis_.request.test) >= analysis_.request.level;
    }
    // Where others are tested, a cell without a mark would pass for one that is told from the best.
    for (CellAnalysis* cell : untested) cell->level_with_best = !tested.empty();
    TestsWithBest with_best{tested.size(), 0};
    for (const Tested& each : tested) {
      const bool first = with_best.fewest_pairs == 0;
      with_best.fewest_pairs = first ? each.test.pairs : std::min(with_best.fewest_pairs, each.test.pairs);
    }
    return with_best;
  }

 private:
  // None where the two rows share no pair, or rows are not paired cell by cell.
  std::optional<PairedTest> test(std::size_t a, std::size_t b, std::size_t column) {
    const Cell &left = table_.rows[a].cells[column], &right = table_.rows[b].cells[column];
    Pairs pairs;
    if (analysis_.request.pairing == Pairing::seed) pairs = by_seed(left, right);
    if (analysis_.request.pairing == Pairing::image) pairs = images_.pairs(table_.columns[column], left, right);
    if (pairs.a.empty()) return std::nullopt;
    return paired_test(pairs.a, pairs.b);
  }

  // The first of the best rows. None where there is no better direction, or nothing to be better than.
  std::optional<std::size_t> mark_column(std::size_t column) {
    std::vector<double> means;
    for (const auto& row : analysis_.cells) means.push_back(row[column].summary.mean);
    const std::vector<double> ranked = ranks(means, table_.columns[column].better);
    if (table_.columns[column].better == Better::neither) return std::nullopt;
    std::vector<double> distinct;
    for (const double rank : ranked) {
      if (!std::isnan(rank)) distinct.push_back(rank);
    }
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    if (distinct.size() < 2) return std::nullopt;
    for (std::size_t r = 0; r < ranked.size(); ++r) {
      if (ranked[r] == distinct[0]) analysis_.cells[r][column].mark = Mark::best;
      if (ranked[r] == distinct[1] && distinct.size() > 2) analysis_.cells[r][column].mark = Mark::second;
    }
    return static_cast<std::size_t>(std::find(ranked.begin(), ranked.end(), distinct[0]) - ranked.begin());
  }

  const Table& table_;
  Images images_;
  Analysis& analysis_;
};

template <class Value, std::size_t n>
Value parse(const char* what, const std::string& name, const std::pair<const char*, Value> (&known)[n]) {
  std::vector<std::string> names;
  for (const auto& [word, value] : known) {
    if (name == word) return value;
    names.emplace_back(word);
  }
  throw std::invalid_argument(fmt::format("there is no {} `{}`; known: {}", what, name, fmt::join(names, ", ")));
}

Analysis summaries(const Table& table, const AnalysisRequest& request) {
  Analysis analysis;
  analysis.request = request;
  for (const Row& row : table.rows) {
    auto& cells = analysis.cells.emplace_back();
    for (const Cell& cell : row.cells) {
      CellAnalysis& of_cell = cells.emplace_back();
      of_cell.summary = summarise(cell.values);
      const Interval interval = spread_of(cell, of_cell.summary, request);
      of_cell.low = interval.low;
      of_cell.high = interval.high;
    }
  }
  analysis.average_rank.assign(table.rows.size(), unknown);
  analysis.across_columns.resize(table.rows.size());
  return analysis;
}

}  // namespace

Spread parse_spread(const std::string& name) {
  constexpr std::pair<const char*, Spread> known[] = {
      {"sd", Spread::deviation}, {"t", Spread::t_interval}, {"bootstrap", Spread::bootstrap}};
  return parse("spread", name, known);
}

Pairing parse_pairing(const std::string& name) {
  constexpr std::pair<const char*, Pairing> known[] = {
      {"image", Pairing::image}, {"seed", Pairing::seed}, {"column", Pairing::column}};
  return parse("pairing", name, known);
}

Test parse_test(const std::string& name) {
  constexpr std::pair<const char*, Test> known[] = {{"wilcoxon", Test::wilcoxon}, {"t", Test::t}};
  return parse("test", name, known);
}

Analysis analyse(const Table& table, const runs::Store& store, const AnalysisRequest& request) {
  Analysis analysis = summaries(table, request);
  analysis.average_rank = average_ranks(table);
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    if (table.rows[r].baseline) analysis.baseline = r;
  }
  Analyst analyst(table, store, analysis);
  if (analysis.baseline) analyst.compare_with_baseline();
  const TestsWithBest with_best = analyst.mark();
  analysis.caption = caption_of(table, analysis, with_best);
  analysis.caption_of_best = caption_of_best(analysis, with_best);
  return analysis;
}

Analysis summarised(const Table& table, const AnalysisRequest& request) {
  Analysis analysis = summaries(table, request);
  analysis.caption = caption_of(table, analysis, {});
  return analysis;
}

}  // namespace vaso::report
