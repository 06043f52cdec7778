#include "plot/scale.hpp"

#include "plot/line_chart.hpp"
#include "plot/text_size.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>

using namespace vaso::plot;

namespace {

std::string labels(const Scale& scale) {
  std::string text;
  for (const double tick : scale.ticks) text += (text.empty() ? "" : " ") + scale.label(tick);
  return text;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("ticks are round numbers") {
    CHECK(labels(nice_scale(0.13, 0.87, 6)) == "0.0 0.2 0.4 0.6 0.8 1.0");
    CHECK(labels(nice_scale(0.812, 0.838, 6)) == "0.81 0.82 0.83 0.84");
    CHECK(labels(nice_scale(-3, 12, 6)) == "−5 0 5 10 15");
    CHECK(labels(tight_scale(1, 5, 9, true)) == "1 2 3 4 5");
    CHECK(labels(tight_scale(0, 2, 9, true)) == "0 1 2");
    CHECK(labels(tight_scale(0, 799, 5, true)) == "0 200 400 600");
    CHECK(labels(nice_scale(2e-5, 1e-4, 6)) == "2e-05 4e-05 6e-05 8e-05 1.0e-04");
    CHECK(labels(nice_scale(5, 5, 6)).find("5.0") != std::string::npos);
    const double inf = std::numeric_limits<double>::infinity();
    CHECK(labels(nice_scale(inf, -inf, 6)) == "0.0 0.2 0.4 0.6 0.8 1.0");  // nothing to show
  }

  TEST_CASE("ticks tell each other apart, lie within the ends, and are not more than asked for") {
    for (const double low : {-1e7, -2.5, 0.0, 1e-9, 0.3333, 41.0}) {
      for (const double range : {1e-6, 0.013, 1.0, 7.0, 950.0, 3e8}) {
        for (const int most : {2, 4, 7, 10}) {
          CAPTURE(low);
          CAPTURE(range);
          CAPTURE(most);
          const Scale scale = nice_scale(low, low + range, most);
          CHECK(scale.ticks.size() >= 2);
          CHECK(scale.ticks.size() <= static_cast<std::size_t>(std::max(most, 3)));
          CHECK(scale.low <= low + range * 1e-6);
          CHECK(scale.high >= low + range * (1 - 1e-6));
          std::set<std::string> distinct;
          for (const double tick : scale.ticks) distinct.insert(scale.label(tick));
          CHECK(distinct.size() == scale.ticks.size());
        }
      }
    }
  }

  TEST_CASE("a band is the mean, the lowest and the highest of the seeds") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const Curve curve{"", 0, {{{0, 1}, {1, 2}, {2, nan}}, {{0, 3}, {1, nan}, {2, nan}}, {{0, 8}}}};
    const auto band = band_of(curve, 10);
    REQUIRE(band.size() == 3);
    CHECK(band[0].mean == doctest::Approx(4));
    CHECK(band[0].low == 1);
    CHECK(band[0].high == 8);
    CHECK(band[0].repeats == 3);
    CHECK(band[1].mean == 2);
    CHECK(band[1].repeats == 1);  // the mean of one, and said to be
    CHECK(band[2].repeats == 0);  // a gap
  }

  TEST_CASE("long curves keep their peaks") {
    Curve curve{"", 0, {{}}};
    for (int i = 0; i < 10'000; ++i) curve.repeats[0].push_back({static_cast<double>(i), i == 5003 ? 100.0 : 1.0});
    const auto band = band_of(curve, 240);
    CHECK(band.size() == 240);
    double highest = 0;
    for (const BandPoint& point : band) highest = std::max(highest, point.high);
    CHECK(highest == 100);
    CHECK(std::is_sorted(band.begin(), band.end(), [](const BandPoint& a, const BandPoint& b) { return a.x < b.x; }));
  }

  TEST_CASE("text is measured, shortened and broken by characters, not bytes") {
    CHECK(text_width("iii", 10) < text_width("mmm", 10));
    CHECK(text_width("é", 10) == text_width("ß", 10));
    CHECK(shortened("short", 10, 100) == "short");
    const std::string cut = shortened("ééééééééééé", 10, 40);
    CHECK(cut.ends_with("é…"));
    CHECK(text_width(cut, 10) <= 40);
    CHECK(wrapped("two words", 10, 30) == std::vector<std::string>{"two", "words"});
    CHECK(wrapped("two words", 10, 300) == std::vector<std::string>{"two words"});
    CHECK(wrapped("", 10, 300).empty());
  }
}
