// The quickstart shows what it promises: the loss falls, and anatomy-guided masking comes to hide vessels.
#include "laboratory.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace vaso;
using namespace vaso::tests;

TEST_SUITE("long") {
  TEST_CASE("under anatomy-guided masking the masked vessel share grows with beta, under random masking it does not") {
    const Laboratory lab;
    const Ended ended = lab.vaso({"run", (source_dir() / "experiments/quickstart.toml").string(), "--quiet"});
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    const runs::Store store = lab.store();
    std::map<std::string, std::int64_t> run_of;
    for (const runs::Run& run : store.all()) {
      if (run.phase == "pretrain") run_of[store.settings(run.id).at("masking.strategy")] = run.id;
    }
    REQUIRE(run_of.size() == 2);
    for (const auto& [strategy, id] : run_of) {
      INFO(strategy);
      for (const std::string& series : store.series(id)) {
        for (const runs::Point& point : store.points(id, series)) CHECK_MESSAGE(std::isfinite(point.value), series);
      }
      const auto loss = store.points(id, "loss");
      CHECK(loss.back().value < 0.9 * loss.front().value);
    }
    // What a mask holds of vessels, over what it would hold if drawn evenly.
    const auto lift = [&](const std::string& strategy, std::size_t epoch) {
      const std::int64_t id = run_of.at(strategy);
      return store.points(id, "masked_vessel_share").at(epoch).value / store.points(id, "vessel_share").at(epoch).value;
    };
    const std::size_t last = store.points(run_of.at("anatomy"), "loss").size() - 1;
    CHECK(lift("random", 0) == doctest::Approx(1.0).epsilon(0.05));
    CHECK(lift("random", last) == doctest::Approx(1.0).epsilon(0.05));
    CHECK(lift("anatomy", 0) < 1.2);
    CHECK(lift("anatomy", last) > lift("anatomy", 0) + 0.15);
    CHECK(store.points(run_of.at("anatomy"), "beta").back().value == doctest::Approx(0.5));
  }
}
