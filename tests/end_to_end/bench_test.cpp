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

  TEST_CASE("a step's longest operators get a row each, with how often they ran") {
    const Laboratory lab;
    const Ended ended = lab.vaso({"bench",     "step",
                                  "--repeat",  "1",
                                  "--threads", "2",
                                  "--format",  "json",
                                  "--set",     "model=vit_ti",
                                  "--set",     "size=32",
                                  "--set",     "batch=2",
                                  "--set",     "decoder_dim=32",
                                  "--set",     "decoder_depth=1",
                                  "--set",     "operators=3"});
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    double whole = 0;
    std::vector<double> each;
    const auto answer = nlohmann::json::parse(ended.out);
    for (const auto& figure : answer.at("figures")) {
      const auto what = figure.at("what").get<std::string>();
      if (what == "the step whose operators follow") whole = figure.at("median").get<double>();
      if (what.find(" times, on all threads") != std::string::npos) each.push_back(figure.at("median").get<double>());
    }
    REQUIRE(each.size() == 3);
    CHECK(each[0] >= each[1]);
    CHECK(each[1] >= each[2]);
    CHECK(each[2] > 0);
    CHECK(each[0] < 2 * whole);  // of two threads
    const Ended on_gpu = lab.vaso({"bench", "step", "--set", "operators=3", "--set", "device=cuda"});
    CHECK(on_gpu.code == 2);
    CHECK(on_gpu.says("device=cpu"));
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
