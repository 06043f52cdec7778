// Looking at labelled data before there is a run.
#include "laboratory.hpp"

#include <doctest/doctest.h>

#include <filesystem>

using namespace vaso;
using namespace vaso::tests;

namespace {

// A frame of the stenosis set with its annotation: a grey picture in the simplest format there is.
void add_frame(const Laboratory& lab, const std::string& stem, int xmax = 40) {
  lab.write("frames/" + stem + ".pgm",
            "P5\n64 48\n255\n" + std::string(64 * 48, static_cast<char>(90 + stem.back() - '0')));
  lab.write("frames/" + stem + ".xml", "<annotation><filename>" + stem +
                                           ".bmp</filename><size><width>64</width><height>48</height></size>\n"
                                           "<object><name>Stenosis</name><bndbox><xmin>20</xmin><ymin>10</ymin><xmax>" +
                                           std::to_string(xmax) +
                                           "</xmax><ymax>30</ymax></bndbox></object></annotation>");
}

void four_frames(const Laboratory& lab) {
  for (const char* stem : {"14_001_1_0001", "14_001_1_0002", "14_002_1_0003", "14_003_1_0004"}) add_frame(lab, stem);
}

void check(const Ended& ended, int code, const std::vector<std::string>& said) {
  INFO(ended.text());
  CHECK(ended.code == code);
  for (const std::string& words : said) CHECK_MESSAGE(ended.says(words), "does not say " << words);
}

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("data check fails on a fault, data info tells it") {
    const Laboratory lab;
    four_frames(lab);
    check(lab.vaso({"data", "check", "frames", "--dataset", "stenosis"}), 0, {"no faults in 4 images"});
    check(lab.vaso({"data", "info", "frames", "--dataset", "stenosis"}), 0,
          {"4 records, 4 readable", "split train", "boxes of train", "split `patient`"});
    check(lab.vaso({"data", "info", "frames", "--dataset", "stenosis", "--set", "data.stenosis.split=paper", "--set",
                    "data.stenosis.shares=[1,0,1]"}),
          0, {"split `paper`", "share a sequence"});
    add_frame(lab, "14_001_1_0002", 20);
    std::filesystem::resize_file(lab.path("frames/14_003_1_0004.pgm"), 500);
    const std::vector<std::string> faults{"14_001_1_0002.xml:2", "has no area", "14_003_1_0004.pgm", "truncated"};
    check(lab.vaso({"data", "info", "frames", "--dataset", "stenosis"}), 0, faults);
    check(lab.vaso({"data", "check", "frames", "--dataset", "stenosis"}), 3, faults);
    check(lab.vaso({"data", "check", "frames", "--dataset", "stenosis"}), 3, {"2 faults in 3 images"});
  }

  TEST_CASE("the data of a downstream task") {
    const Laboratory lab;
    four_frames(lab);
    lab.write("study/tasks.toml",
              "[downstream.lesions]\ndataset = \"stenosis\"\nhead = \"stenosis_detection\"\n"
              "[downstream.lesions.stenosis]\nroot = \"../frames\"\n"
              "[downstream.severe]\nlike = \"lesions\"\n");
    check(lab.vaso({"data", "info", "study/tasks.toml", "--task", "severe"}), 0, {"4 records, 4 readable", "stenosis"});
    check(lab.vaso({"data", "info", "study/tasks.toml"}), 2, {"--task lesions", "--task severe"});
    check(lab.vaso({"data", "info", "study/tasks.toml", "--task", "lesion"}), 3, {"did you mean `lesions`?"});
    check(lab.vaso({"data", "info", "study/tasks.toml", "--dataset", "arcade"}), 2, {"goes with a folder"});
    check(lab.vaso({"data", "info", "frames", "--dataset", "arcade"}), 3, {"holds no ARCADE task"});
    check(lab.vaso({"data", "info", "frames", "--dataset", "phantom"}), 2, {"reads no folder"});
  }

  TEST_CASE("a preview shows boxes") {
    const Laboratory lab;
    four_frames(lab);
    check(lab.vaso({"data", "preview", "frames", "--dataset", "stenosis", "--out", "sheet.png"}), 0, {"sheet.png"});
    CHECK(std::filesystem::file_size(lab.path("sheet.png")) > 1000);
  }
}
