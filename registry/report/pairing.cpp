#include "report/pairing.hpp"

#include <cmath>

namespace vaso::report {
namespace {

struct Mean {
  double sum = 0;
  std::size_t count = 0;

  void add(double value) {
    sum += value;
    ++count;
  }
  double value() const { return sum / static_cast<double>(count); }
};

// The values of a cell by seed, and the runs that they come from.
std::map<std::int64_t, Mean> values_by_seed(const Cell& cell) {
  std::map<std::int64_t, Mean> values;
  for (std::size_t i = 0; i < cell.values.size(); ++i) values[cell.seeds[i]].add(cell.values[i]);
  return values;
}

std::map<std::int64_t, std::int64_t> newest_by_seed(const Cell& cell) {
  std::map<std::int64_t, std::int64_t> runs;
  for (std::size_t i = 0; i < cell.runs.size(); ++i) runs[cell.seeds[i]] = std::max(runs[cell.seeds[i]], cell.runs[i]);
  return runs;
}

}  // namespace

Pairs by_seed(const Cell& a, const Cell& b) {
  Pairs pairs;
  const std::map<std::int64_t, Mean> others = values_by_seed(b);
  for (const auto& [seed, value] : values_by_seed(a)) {
    const auto other = others.find(seed);
    if (other == others.end()) continue;
    pairs.a.push_back(value.value());
    pairs.b.push_back(other->second.value());
  }
  return pairs;
}

Pairs by_column(const Table& table, std::size_t a, std::size_t b) {
  Pairs pairs;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const Cell &left = table.rows[a].cells[c], &right = table.rows[b].cells[c];
    if (table.columns[c].better != Better::higher || left.values.empty() || right.values.empty()) continue;
    pairs.a.push_back(summarise(left.values).mean);
    pairs.b.push_back(summarise(right.values).mean);
  }
  return pairs;
}

const Images::Values& Images::of(std::int64_t run, const std::string& metric) {
  const auto [place, fresh] = read_.try_emplace({run, metric});
  if (fresh) place->second = store_.per_image(run, metric);
  return place->second;
}

Pairs Images::pairs(const Column& column, const Cell& a, const Cell& b) {
  std::map<std::string, std::pair<Mean, Mean>> by_image;
  const std::map<std::int64_t, std::int64_t> others = newest_by_seed(b);
  for (const auto& [seed, run] : newest_by_seed(a)) {
    const auto other = others.find(seed);
    if (other == others.end()) continue;
    const Values& right = of(other->second, column.metric);
    for (const auto& [image, value] : of(run, column.metric)) {
      const auto partner = right.find(image);
      if (partner == right.end() || std::isnan(value) || std::isnan(partner->second)) continue;
      by_image[image].first.add(value);
      by_image[image].second.add(partner->second);
    }
  }
  Pairs pairs;
  for (const auto& [image, means] : by_image) {
    pairs.a.push_back(means.first.value());
    pairs.b.push_back(means.second.value());
  }
  return pairs;
}

}  // namespace vaso::report
