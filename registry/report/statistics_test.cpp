#include "report/statistics.hpp"

#include "report/paired_tests.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

using namespace vaso::report;

namespace {

const double no_statistic = std::nan("");

bool near(double value, double expected, double relative = 1e-12) {
  return std::abs(value - expected) <= relative * std::abs(expected);
}

// The same numbers as in the scripts that asked scipy and R.
std::vector<double> uniform(std::size_t count) {
  std::uint64_t state = 12345;
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) {
    state = (1103515245 * state + 12345) % (1ull << 31);
    values.push_back(static_cast<double>(state) / (1ull << 31));
  }
  return values;
}

double wilcoxon_of(const std::vector<double>& differences) {
  return paired_test(differences, std::vector<double>(differences.size(), 0.0)).p_wilcoxon;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("mean and sample standard deviation") {
    const Summary of_five = summarise({2, 4, 4, 4, 6});
    CHECK(of_five.n == 5);
    CHECK(of_five.mean == 4);
    CHECK(of_five.deviation == doctest::Approx(std::sqrt(8.0 / 4)));
    CHECK(summarise({1e9 + 1, 1e9 + 3}).deviation == doctest::Approx(std::sqrt(2.0)));
    CHECK(summarise({7}).mean == 7);
    CHECK(std::isnan(summarise({7}).deviation));
    CHECK(summarise({}).n == 0);
    CHECK(std::isnan(summarise({1, no_statistic}).mean));  // a diverged seed is not averaged away
  }

  TEST_CASE("intervals of too few, equal and diverged values") {
    for (const auto interval : {t_interval, bootstrap_interval}) {
      CHECK(std::isnan(interval({}, 0.95).low));
      CHECK(std::isnan(interval({1}, 0.95).low));
      CHECK(std::isnan(interval({1, no_statistic}, 0.95).high));
      CHECK(std::isnan(interval({1, std::numeric_limits<double>::infinity()}, 0.95).high));
      CHECK(interval({2, 2, 2}, 0.95).low == 2);
      CHECK(interval({2, 2, 2}, 0.95).high == 2);
    }
  }

  TEST_CASE("the bootstrap draws the same every time, and stays within the values") {
    const std::vector<double> values = {1, 2, 4, 8};
    const Interval one = bootstrap_interval(values, 0.95), other = bootstrap_interval(values, 0.95);
    CHECK(one.low == other.low);
    CHECK(one.high == other.high);
    CHECK(one.low >= 1);
    CHECK(one.high <= 8);
    CHECK(bootstrap_interval(values, 0.5).low > one.low);
  }

  TEST_CASE("paired tests where there is nothing to test") {
    const PairedTest none = paired_test({}, {});
    CHECK(none.pairs == 0);
    CHECK(std::isnan(none.mean_difference));
    CHECK(std::isnan(none.p_t));
    CHECK(none.floor == 1);

    const PairedTest one = paired_test({2}, {1});
    CHECK(one.mean_difference == 1);
    CHECK(std::isnan(one.p_t));
    CHECK(one.p_wilcoxon == 1);
    CHECK(one.floor == 1);

    const PairedTest equal = paired_test({1, 2, 3}, {1, 2, 3});
    CHECK(equal.mean_difference == 0);
    CHECK(std::isnan(equal.t));
    CHECK(std::isnan(equal.p_t));
    CHECK(equal.p_wilcoxon == 1);

    // All differences equal but for rounding: t would be rounding over rounding.
    const PairedTest constant = paired_test({0.3, 0.4, 0.9}, {0.2, 0.3, 0.8});
    CHECK(std::isnan(constant.t));
    CHECK(std::isnan(constant.p_t));
    CHECK(near(constant.mean_difference, 0.1, 1e-9));

    const PairedTest diverged = paired_test({1, no_statistic, 3}, {1, 2, 2});
    CHECK(std::isnan(diverged.mean_difference));
    CHECK(std::isnan(diverged.p_t));
    CHECK(std::isnan(diverged.p_wilcoxon));
    CHECK_THROWS_AS(paired_test({1, 2}, {1}), std::invalid_argument);
  }

  TEST_CASE("what few pairs cannot show") {
    CHECK(sign_flip_floor(0) == 1);
    CHECK(sign_flip_floor(1) == 1);
    CHECK(sign_flip_floor(3) == 0.25);
    CHECK(sign_flip_floor(6) == 0.03125);
    CHECK(pairs_for(0.05) == 6);
    CHECK(pairs_for(0.0625) == 6);  // below, not at
    CHECK(pairs_for(0.3) == 3);
    // The floor is reached by the clearest of all results, and by none below.
    for (std::size_t n = 1; n <= 12; ++n) {
      std::vector<double> differences;
      for (std::size_t i = 1; i <= n; ++i) differences.push_back(static_cast<double>(i));
      CHECK(wilcoxon_of(differences) == sign_flip_floor(n));
    }
  }
}

TEST_SUITE("reference") {
  // R 4.2.2: t.test()$conf.int. scipy 1.10.1's t.interval agrees to nine digits: its quantiles are no better.
  TEST_CASE("t interval") {
    const Interval three = t_interval({0.8123, 0.8321, 0.7955}, 0.95);
    CHECK(near(three.low, 0.7677894038807429, 1e-10));
    CHECK(near(three.high, 0.8588105961192571, 1e-10));
    const Interval five = t_interval({0.71, 0.74, 0.69, 0.80, 0.72}, 0.9);
    CHECK(near(five.low, 0.6918895420742740, 1e-10));
    CHECK(near(five.high, 0.7721104579257259, 1e-10));
  }

  // scipy 1.10.1: bootstrap(method="BCa", n_resamples=400000)
  TEST_CASE("BCa interval, to within the resampling") {
    const Interval eight = bootstrap_interval({2.1, 3.4, 1.0, 5.9, 2.2, 2.8, 9.5, 3.0}, 0.95);
    CHECK(std::abs(eight.low - 2.425) < 0.05);  // by percentiles it would be 2.21 to 5.69
    CHECK(std::abs(eight.high - 6.275) < 0.15);
    const Interval five = bootstrap_interval({0.71, 0.74, 0.69, 0.80, 0.72}, 0.95);
    CHECK(std::abs(five.low - 0.706) < 0.0021);  // means of five go by steps of 0.002
    CHECK(std::abs(five.high - 0.772) < 0.0041);
  }

  TEST_CASE("paired t and exact Wilcoxon: scipy's numbers") {
    const auto files = vaso::tests::reference_files("paired_tests", ".json");
    if (files.empty()) {
      MESSAGE("skipped: no paired_tests.json in VASO_REFERENCE_DIR");
      return;
    }
    std::ifstream file(files.front());
    const auto entries = nlohmann::json::parse(file);
    REQUIRE(entries.size() == 5);
    for (const auto& entry : entries) {
      const PairedTest test =
          paired_test(entry.at("a").get<std::vector<double>>(), entry.at("b").get<std::vector<double>>());
      CAPTURE(test.pairs);
      CHECK(near(test.t, entry.at("t").get<double>(), 1e-9));
      CHECK(near(test.p_t, entry.at("p").get<double>(), 1e-9));
      if (!entry.at("wilcoxon_exact_p").is_null()) {
        CHECK(near(test.p_wilcoxon, entry.at("wilcoxon_exact_p").get<double>()));
      }
    }
  }

  // By going through all 2^n signs in Python, ranks from scipy 1.10.1's rankdata.
  TEST_CASE("Wilcoxon with ties and zeros") {
    CHECK(wilcoxon_of({1, 1, 2, -1, 3, 3, -2, 5}) == 0.140625);
    CHECK(wilcoxon_of({0, 0, 1, 2, -1, 4, 4}) == 0.1875);
    CHECK(wilcoxon_of({2, 2, 2, 2, 2}) == 0.0625);
    CHECK(wilcoxon_of({-1, 1, -1, 1}) == 1);
    CHECK(wilcoxon_of({.5, -.25, .25, .25, .75, 0, 1, 1, 1, -.5, .25, .75}) == 0.0263671875);
  }

  TEST_CASE("many pairs") {
    const std::vector<double> u = uniform(900);
    std::vector<double> a(u.begin(), u.begin() + 300), b;
    for (std::size_t i = 300; i < 600; ++i) b.push_back(0.93 * u[i] + 0.02);
    const PairedTest test = paired_test(a, b);  // R 4.2.2: wilcox.test(exact = TRUE), t.test
    CHECK(test.exact);
    CHECK(near(test.p_wilcoxon, 0.3133857132397693, 1e-10));
    CHECK(near(test.t, 1.163359353878048, 1e-10));
    CHECK(near(test.p_t, 0.245611292028829, 1e-10));

    a.clear(), b.clear();
    for (std::size_t i = 0; i < 450; ++i) a.push_back(std::floor(100 * u[i]));
    for (std::size_t i = 450; i < 900; ++i) b.push_back(std::floor(93 * u[i] + 2));
    const PairedTest large = paired_test(a, b);  // R: exact = FALSE, correct = TRUE; scipy: mode="approx"
    CHECK_FALSE(large.exact);
    CHECK(near(large.p_wilcoxon, 0.5974148065924624, 1e-10));
  }

  TEST_CASE("Holm: R's p.adjust") {
    CHECK(holm({0.01, 0.04, 0.03, 0.005, 0.2}) == std::vector<double>{0.040, 0.090, 0.090, 0.025, 0.200});
    CHECK(holm({.6, .6, .001, .5}) == std::vector<double>{1, 1, 0.004, 1});
    CHECK(holm({}).empty());
    const std::vector<double> with_gap = holm({0.02, no_statistic, 0.03});  // which is no comparison
    CHECK(with_gap[0] == 0.04);
    CHECK(std::isnan(with_gap[1]));
    CHECK(with_gap[2] == 0.04);
  }
}
