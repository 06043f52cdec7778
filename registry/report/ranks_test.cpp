#include "report/ranks.hpp"

#include <doctest/doctest.h>
#include <cmath>

using namespace vaso::report;

namespace {

const double no_rank = std::nan("");

// One value for each seed in each cell.
Table table_of(const std::vector<std::vector<std::vector<double>>>& rows, const std::vector<Better>& better) {
  Table table;
  for (const Better direction : better) table.columns.push_back({"finetune", "", "metric", "metric", direction});
  for (const auto& cells : rows) {
    Row& row = table.rows.emplace_back();
    for (const auto& values : cells) {
      Cell& cell = row.cells.emplace_back();
      cell.values = values;
      for (std::size_t i = 0; i < values.size(); ++i) cell.seeds.push_back(static_cast<std::int64_t>(i));
    }
  }
  return table;
}

// Four methods, six measurements.
Table six_columns() {
  return table_of({{{.71}, {.70}, {.52}, {.30}, {.66}, {.61}},
                   {{.80}, {.78}, {.51}, {.44}, {.67}, {.60}},
                   {{.79}, {.79}, {.60}, {.41}, {.67}, {.66}},
                   {{.85}, {.81}, {.60}, {.47}, {.70}, {.63}}},
                  std::vector<Better>(6, Better::higher));
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("ranks: ties share, direction counts, NaN has none") {
    CHECK(ranks({3, 1, 2}, Better::higher) == std::vector<double>{1, 3, 2});
    CHECK(ranks({3, 1, 2}, Better::lower) == std::vector<double>{3, 1, 2});
    CHECK(ranks({5, 5, 1, 5}, Better::higher) == std::vector<double>{2, 2, 4, 2});
    const std::vector<double> gap = ranks({1, no_rank, 2}, Better::higher);
    CHECK(gap[0] == 2);
    CHECK(std::isnan(gap[1]));
    CHECK(gap[2] == 1);
  }

  TEST_CASE("average rank over means; rows that lack a value take no part") {
    Table table = table_of({{{1, 3}, {9}, {5}}, {{2, 4}, {8}, {6}}, {{9, 9}, {}, {7}}},
                           {Better::higher, Better::lower, Better::neither});
    const std::vector<double> averages = average_ranks(table);
    CHECK(averages[0] == 2);  // 2 for more is better, 2 for less is better
    CHECK(averages[1] == 1);
    CHECK(std::isnan(averages[2]));
    for (Column& column : table.columns) column.better = Better::neither;
    CHECK(std::isnan(average_ranks(table)[0]));
  }

  TEST_CASE("a critical difference takes two rows and two measurements") {
    CHECK_FALSE(critical_difference(table_of({{{1}, {2}}}, {Better::higher, Better::higher}), 0.05, Blocks::columns));
    CHECK_FALSE(critical_difference(table_of({{{1}}, {{2}}}, {Better::higher}), 0.05, Blocks::columns));
    const Table seeds = table_of({{{1, 2, 3}}, {{2, 3}}}, {Better::higher});
    CHECK_FALSE(critical_difference(seeds, 0.05, Blocks::columns));
    CHECK(critical_difference(seeds, 0.05, Blocks::seeds)->blocks == 2);  // the third seed is missing in one row
  }

  TEST_CASE("all tied: no test") {
    const auto tied = critical_difference(table_of({{{1}, {2}}, {{1}, {2}}}, {Better::higher, Better::higher}), 0.05,
                                          Blocks::columns);
    REQUIRE(tied);
    CHECK(std::isnan(tied->p));
    CHECK(tied->groups == std::vector<std::vector<std::size_t>>{{0, 1}});
  }
}

TEST_SUITE("reference") {
  // scipy 1.10.1: friedmanchisquare, rankdata, studentized_range(k, inf) / √2; R 4.2.2: friedman.test, qtukey. The
  // values of q are also those of Demšar's table 5.
  TEST_CASE("Friedman and Nemenyi") {
    const auto result = critical_difference(six_columns(), 0.05, Blocks::columns);
    REQUIRE(result);
    CHECK(std::abs(result->chi_squared - 11.948275862068977) < 1e-9);
    CHECK(std::abs(result->p - 0.007562462218022773) < 1e-11);
    CHECK(std::abs(result->average_rank[0] - 3.66666667) < 1e-8);
    CHECK(result->average_rank[3] == doctest::Approx(1.25));
    CHECK(std::abs(result->difference - 2.569031772546482 * std::sqrt(4 * 5 / (6.0 * 6))) < 1e-7);
    CHECK(result->groups == std::vector<std::vector<std::size_t>>{{3, 2, 1}, {2, 1, 0}});
  }

  TEST_CASE("Friedman with many ties") {
    const auto result = critical_difference(table_of({{{1}, {1}, {2}, {3}}, {{1}, {2}, {2}, {1}}, {{2}, {3}, {2}, {1}}},
                                                     std::vector<Better>(4, Better::lower)),
                                            0.1, Blocks::columns);
    REQUIRE(result);
    CHECK(std::abs(result->chi_squared - 1.4) < 1e-12);
    CHECK(std::abs(result->p - 0.4965853037914095) < 1e-12);
    CHECK(std::abs(result->difference - 2.0522927304967755 * std::sqrt(3 * 4 / (6.0 * 4))) < 1e-7);
  }

  TEST_CASE("Nemenyi's critical values for two to ten methods") {
    const auto critical_value = [](std::size_t k) {
      const std::vector<std::vector<double>> row = {{1}, {2}};
      const auto result = critical_difference(
          table_of(std::vector<std::vector<std::vector<double>>>(k, row), {Better::higher, Better::higher}), 0.05,
          Blocks::columns);
      return result->difference / std::sqrt(static_cast<double>(k * (k + 1)) / (6.0 * 2));
    };
    CHECK(std::abs(critical_value(2) - 1.9599639845400534) < 1e-7);
    CHECK(std::abs(critical_value(3) - 2.343700586378409) < 1e-7);
    CHECK(std::abs(critical_value(5) - 2.7277743708703763) < 1e-7);
    CHECK(std::abs(critical_value(10) - 3.163683577053373) < 1e-7);
  }
}
