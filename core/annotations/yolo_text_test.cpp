#include "annotations/yolo_text.hpp"

#include "sdk/dataset.hpp"
#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <fstream>

using namespace vaso;
using namespace vaso::annotations;
namespace fs = std::filesystem;

namespace {

std::vector<YoloObject> read(const std::string& text, std::int64_t classes = 3) {
  const tests::TemporaryFolder folder;
  std::ofstream(folder.path() / "a.txt") << text;
  return read_yolo(folder.path() / "a.txt", classes);
}

std::string yolo_fault(const std::string& text) {
  try {
    read(text);
  } catch (const DataError& error) {
    return error.fault().where.substr(error.fault().where.rfind('/') + 1) + " " + error.fault().what;
  }
  return "";
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("boxes and polygons, with the lines they stand on") {
    const std::vector<YoloObject> objects =
        read("0 0.5 0.25 0.2 0.1 \r\n\n2\t0.1 0.2 0.4 0.2 0.3 0.6\n1 0.05 0.05 0.1 0.1");
    REQUIRE(objects.size() == 3);
    CHECK(objects[0].label == 0);
    CHECK(objects[0].left == doctest::Approx(0.4));
    CHECK(objects[0].top == doctest::Approx(0.2));
    CHECK(objects[0].width == doctest::Approx(0.2));
    CHECK(objects[0].height == doctest::Approx(0.1));
    CHECK(objects[0].polygon.empty());
    CHECK(objects[1].line == 3);
    CHECK(objects[1].label == 2);
    CHECK(objects[1].polygon == std::vector<double>{0.1, 0.2, 0.4, 0.2, 0.3, 0.6});
    CHECK(objects[1].left == doctest::Approx(0.1));
    CHECK(objects[1].top == doctest::Approx(0.2));
    CHECK(objects[1].width == doctest::Approx(0.3));
    CHECK(objects[1].height == doctest::Approx(0.4));
    CHECK(objects[2].left == 0);
    CHECK(objects[2].line == 4);
  }

  TEST_CASE("an image without objects") {
    CHECK(read("").empty());
    CHECK(read("\n \r\n").empty());
  }

  TEST_CASE("what rounding moved out of the image is moved back") {
    const std::vector<YoloObject> objects = read("0 0.999999 0.000001 0.000004 0.000004\n0 0 0 1.000001 0 1 1\n");
    CHECK(objects[0].left + objects[0].width <= 1);
    CHECK(objects[0].top == 0);
    CHECK(objects[1].polygon[2] == 1);
  }

  TEST_CASE("every fault has its line") {
    const auto says = [](const std::string& fault, const std::string& words) {
      CAPTURE(fault);
      CHECK(fault.find(words) != std::string::npos);
    };
    says(yolo_fault("0 0.5 0.5 0.1 0.1\n\n0 0.5 0.5 0.1"), "a.txt:3 holds 4 numbers");
    says(yolo_fault("0 0.5 0.5 0.1 0.1 0.93"), "six are a detector's answer with its confidence");
    says(yolo_fault("0 0.5 0.5 0.1 0.1 0.5 0.5 0.1"), "holds 8 numbers");
    says(yolo_fault("x 0.5 0.5 0.1 0.1"), "`x` is no number");
    says(yolo_fault("0 0.5 0,5 0.1 0.1"), "`0,5` is no number");
    says(yolo_fault("0 0.5 nan 0.1 0.1"), "`nan` is no number");
    says(yolo_fault("3 0.5 0.5 0.1 0.1"), "its class 3 is none of 0…2");
    says(yolo_fault("-1 0.5 0.5 0.1 0.1"), "its class -1");
    says(yolo_fault("0.5 0.5 0.5 0.1 0.1"), "its class 0.5");
    says(yolo_fault("0 0.5 0.5 0 0.1"), "no area");
    says(yolo_fault("0 0.5 0.5 0.1 -0.1"), "no area");
    says(yolo_fault("1 0.1 0.2 0.3 0.2 0.4 0.2"), "no area");
    says(yolo_fault("0 0.02 0.5 0.1 0.1"), "outside the image");
    says(yolo_fault("0 250 180 40 40"), "outside the image");
    says(yolo_fault("1 1.2 0.2 1.3 0.2 1.4 0.4"), "outside the image");
    CHECK_THROWS_AS(read_yolo("nowhere.txt", 1), DataError);
  }
}
