// Figures of speed: that they are measured, not how large they are.
#include "laboratory.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace vaso;
using namespace vaso::tests;

TEST_SUITE("end_to_end") {
  TEST_CASE("a bench prints figures beside what the machine could do, and names the machine") {
    const Laboratory lab;
    const Ended ended = lab.vaso({"bench", "start", "--repeat", "2", "--set", "times=1", "--format", "json"});
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    const auto answer = nlohmann::json::parse(ended.out);
    CHECK(answer.at("machine").get<std::string>().find("cores") != std::string::npos);
    CHECK(answer.at("settings") == "times=1");
    REQUIRE(answer.at("figures").size() == 4);
    for (const auto& figure : answer.at("figures")) {
      CHECK(figure.at("values").size() == 2);
      CHECK(figure.at("median").get<double>() > 0);
      CHECK(figure.at("share").get<double>() ==
            doctest::Approx(figure.at("floor").get<double>() / figure.at("median").get<double>()));
    }
    const Ended table =
        lab.vaso({"bench", "vesselness", "--repeat", "1", "--set", "frames=1", "--set", "side=64", "--format", "md"});
    INFO(table.text());
    CHECK(table.code == 0);
    CHECK(table.out.find("| sato: filter and released mask, 64×64 |") != std::string::npos);
  }

  TEST_CASE("without a name the benches and their settings are listed; wrong ones are refused by name") {
    const Laboratory lab;
    const Ended list = lab.vaso({"bench"});
    CHECK(list.code == 0);
    CHECK(list.out.find("--set sigmas=") != std::string::npos);
    const Ended name = lab.vaso({"bench", "vesselnes"});
    CHECK(name.code == 2);
    CHECK(name.err.find("did you mean `vesselness`") != std::string::npos);
    const Ended setting = lab.vaso({"bench", "start", "--set", "time=3"});
    CHECK(setting.code == 3);
    CHECK(setting.err.find("`times`") != std::string::npos);
    CHECK(lab.vaso({"bench", "start", "--repeat", "0"}).code == 2);
  }
}
