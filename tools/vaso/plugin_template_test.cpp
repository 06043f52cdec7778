#include "plugin_template.hpp"

#include <doctest/doctest.h>

using namespace vaso::cli;

TEST_SUITE("unit") {
  TEST_CASE("names that TOML, files and C++ can all have") {
    for (const char* name : {"checkerboard", "centre_line", "mae2", "x"}) CHECK(fault_of_name(name) == "");
    for (const char* name : {"", "2d", "Checker", "check-board", "a b", "_a", "a_", "a__b", "mask_test", "../a",
                             "a_name_that_is_longer_than_a_card_has_room_for"}) {
      CAPTURE(name);
      CHECK(fault_of_name(name) != "");
    }
    CHECK(fault_of_name("check-board") == "it has `-` in it");
  }

  TEST_CASE("a template takes the name and its class") {
    CHECK(class_name("centre_line") == "CentreLine");
    CHECK(fill_in("class MyMethod; // masking.my_method, my_method_test.cpp", "centre_line") ==
          "class CentreLine; // masking.centre_line, centre_line_test.cpp");
  }
}
