#include "train/selection.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>

using namespace vaso;
using namespace vaso::train;

namespace {

metrics::Report report(const std::string& name, double value) {
  metrics::Report report;
  report.metrics = {{"other", 0.1, "", 0}, {name, value, "", 0}};
  return report;
}

Bag weights(double value) { return {{"w", at::full({2}, value)}}; }
double kept(const Selection& selection) { return selection.weights().at("w")[0].item<double>(); }

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("the best weights are kept, as a copy") {
    Selection selection("dice", 2);
    CHECK(selection.text().empty());
    Bag live = weights(1);
    selection.consider(0, report("dice", 0.4), live);
    live.at("w").fill_(9);
    CHECK(kept(selection) == 1);
    selection.consider(1, report("dice", 0.6), weights(2));
    selection.consider(2, report("dice", 0.6), weights(3));  // no better
    CHECK(kept(selection) == 2);
    CHECK(selection.epoch() == 1);
    CHECK_FALSE(selection.exhausted());
    selection.consider(3, report("dice", 0.5), weights(4));
    CHECK(selection.exhausted());
    CHECK(selection.text() == "  best dice 0.600");
  }

  TEST_CASE("distances are better where they are smaller") {
    Selection selection("hd95", 0);
    selection.consider(0, report("hd95", 12), weights(1));
    selection.consider(1, report("hd95", 8), weights(2));
    selection.consider(2, report("hd95", 9), weights(3));
    CHECK(kept(selection) == 2);
    CHECK_FALSE(selection.exhausted());
  }

  TEST_CASE("no number is worse than any, but the first weights are kept whatever they give") {
    Selection selection("ap50", 0);
    selection.consider(0, report("ap50", NAN), weights(1));
    CHECK(kept(selection) == 1);
    selection.consider(1, report("ap50", -1), weights(2));
    CHECK(kept(selection) == 2);
    selection.consider(2, report("ap50", NAN), weights(3));
    CHECK(kept(selection) == 2);
  }

  TEST_CASE("a metric that there is not is named with those there are") {
    Selection selection("dise", 0);
    CHECK_THROWS_WITH_AS(selection.consider(0, report("dice", 1), weights(1)),
                         "no metric `dise` to select weights by; there are: other, dice", std::runtime_error);
  }

  TEST_CASE("its state goes on where it stopped") {
    Selection selection("dice", 3);
    selection.consider(0, report("dice", 0.4), weights(1));
    selection.consider(1, report("dice", 0.3), weights(2));
    Selection resumed("dice", 3);
    resumed.set_state(selection.state(), selection.weights());
    resumed.consider(2, report("dice", 0.35), weights(3));
    CHECK(kept(resumed) == 1);
    CHECK_FALSE(resumed.exhausted());
    resumed.consider(3, report("dice", 0.35), weights(3));
    CHECK(resumed.exhausted());
  }
}
