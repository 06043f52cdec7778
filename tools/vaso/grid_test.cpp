#include "grid.hpp"

#include "command_line.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace vaso;

namespace {

const cli::Grid grid{{"name", "value"}, {{"a,b", "1"}, {"x|y & 50_%", "he said \"no\""}}};

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("JSON is an array of objects") {
    const auto json = nlohmann::json::parse(cli::write(grid, report::Format::json));
    REQUIRE(json.size() == 2);
    CHECK(json[1]["value"] == "he said \"no\"");
  }

  TEST_CASE("each format quotes what it must") {
    CHECK(cli::write(grid, report::Format::csv) == "name,value\n\"a,b\",1\nx|y & 50_%,\"he said \"\"no\"\"\"\n");
    CHECK(cli::write(grid, report::Format::markdown).find("| x\\|y & 50_% |") != std::string::npos);
    CHECK(cli::write(grid, report::Format::latex).find("x|y \\& 50\\_\\% & he said") != std::string::npos);
  }

  TEST_CASE("an unknown format is an error of usage") {
    CHECK_THROWS_AS(cli::parse_format("yaml"), cli::UsageError);
    CHECK(cli::parse_format("md") == report::Format::markdown);
  }
}
