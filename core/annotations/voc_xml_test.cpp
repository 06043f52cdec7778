#include "annotations/voc_xml.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>

using namespace vaso;
using namespace vaso::annotations;
namespace fs = std::filesystem;

namespace {

std::string object(double xmin, double ymin, double xmax, double ymax) {
  return fmt::format(
      "<object>\n<name> Stenosis </name><bndbox><xmin>{}</xmin><ymin>{}</ymin>\n<xmax>{}</xmax><ymax>{}</ymax>"
      "</bndbox></object>\n",
      xmin, ymin, xmax, ymax);
}

std::string annotation(const std::string& objects, const std::string& filename = "a.bmp") {
  return fmt::format(
      "<annotation>\n<filename>{}</filename><path>D:\\LabelImg\\other.bmp</path>\n"
      "<size><width>100</width><height>80</height><depth>1</depth></size>\n{}</annotation>",
      filename, objects);
}

fs::path write(const tests::TemporaryFolder& folder, const std::string& text) {
  const fs::path file = folder.path() / "a.xml";
  std::ofstream(file) << text;
  return file;
}

// What the reader and the box say about the text, "" where nothing.
std::string fault_of(const std::string& text, VocCorners corners = VocCorners::labelimg) {
  const tests::TemporaryFolder folder;
  const fs::path file = write(folder, text);
  try {
    const VocFile voc = read_voc(file);
    for (const VocObject& each : voc.objects) voc_box(each, corners, voc, file);
  } catch (const DataError& error) {
    return error.fault().where.substr(folder.path().string().size() + 1) + " " + error.fault().what;
  }
  return "";
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("corners as LabelImg and as Pascal VOC count them") {
    const tests::TemporaryFolder folder;
    const fs::path file = write(folder, annotation(object(20, 30, 60, 70)));
    const VocFile voc = read_voc(file);
    CHECK(voc.width == 100);
    CHECK(voc.height == 80);
    REQUIRE(voc.objects.size() == 1);
    CHECK(voc.objects[0].name == "Stenosis");
    CHECK(voc.objects[0].line == 4);
    const Box points = voc_box(voc.objects[0], VocCorners::labelimg, voc, file);
    CHECK(points.left == 20);
    CHECK(points.top == 30);
    CHECK(points.width == 40);
    CHECK(points.height == 40);
    CHECK(points.area == 1600);
    const Box pixels = voc_box(voc.objects[0], VocCorners::pascal, voc, file);
    CHECK(pixels.left == 19);
    CHECK(pixels.top == 29);
    CHECK(pixels.width == 41);
    CHECK(pixels.height == 41);
  }

  TEST_CASE("boxes up to the border are inside") {
    CHECK(fault_of(annotation(object(0, 0, 100, 80))) == "");
    CHECK(fault_of(annotation(object(1, 1, 100, 80)), VocCorners::pascal) == "");
    CHECK(fault_of(annotation(object(100, 80, 100, 80)), VocCorners::pascal) == "");  // one pixel
    CHECK(fault_of(annotation("")) == "");
    CHECK(fault_of(annotation(object(1, 1, 5, 5), "")) == "");
    CHECK(fault_of(annotation(object(1, 1, 5, 5), "C:\\data\\a.jpeg")) == "");
    CHECK(fault_of("<annotation/>") == "");
  }

  TEST_CASE("every fault has its line") {
    const auto says = [](const std::string& fault, const std::string& words) {
      CAPTURE(fault);
      CHECK(fault.find(words) != std::string::npos);
    };
    says(fault_of("<annotation>\n<object>\n"), "a.xml:");
    says(fault_of("<annotation>\n<object>\n"), "is no readable XML");
    says(fault_of(""), "is no readable XML");
    says(fault_of("<svg/>"), "a.xml:1 is no Pascal VOC file");
    says(fault_of(annotation("", "b.bmp")), "a.xml:2 says that it belongs to `b.bmp`, but is named after `a`");
    says(fault_of(annotation(object(1, 1, 5, 5) + object(5, 5, 5, 9))), "a.xml:7 the box xmin 5");
    says(fault_of(annotation(object(5, 5, 5, 9))), "has no area");
    says(fault_of(annotation(object(50, 5, 20, 9))), "has no area");
    says(fault_of(annotation(object(0, 1, 5, 5)), VocCorners::pascal), "outside the image of 100×80");
    says(fault_of(annotation(object(1, 1, 101, 5))), "outside the image of 100×80");
    says(fault_of(annotation(object(1, 1, 5, 81))), "outside the image of 100×80");
    says(fault_of(annotation(object(-1, 1, 5, 8))), "outside the image of 100×80");
    says(fault_of(annotation("<object><name>x</name></object>")), "a.xml:4 has an object without <bndbox>");
    says(fault_of(annotation("<object><bndbox/></object>")), "without <name>");
    says(fault_of(annotation("<object><name>x</name><bndbox>\n<xmin>1px</xmin></bndbox></object>")),
         "a.xml:5 <xmin> is `1px`, no number");
    says(fault_of(annotation("<object><name>x</name><bndbox><xmin>1</xmin></bndbox></object>")),
         "<ymin> is ``, no number");
    CHECK_THROWS_AS(read_voc("nowhere.xml"), DataError);
  }
}

TEST_SUITE("reference") {
  TEST_CASE("files of the stenosis set: written on Windows, named after a BMP") {
    const fs::path folder = tests::data_dir() / "danilov_voc";
    if (!fs::exists(folder)) {
      MESSAGE("skipped: no " << folder.string());
      return;
    }
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() != ".xml") continue;
      CAPTURE(entry.path());
      const VocFile voc = read_voc(entry.path());
      CHECK(voc.width >= 512);
      REQUIRE(voc.objects.size() == 1);
      CHECK(voc.objects[0].name == "Stenosis");
      CHECK(voc_box(voc.objects[0], VocCorners::labelimg, voc, entry.path()).area > 100);
    }
  }
}
