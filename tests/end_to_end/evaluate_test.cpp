// Scores of files, whichever program made them.
#include "laboratory.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace vaso;
using namespace vaso::tests;

namespace {

// A picture of 16×16 whose rows from `top` to `bottom` have the value.
std::string band(int top, int bottom, int value, int width = 16) {
  std::string text = "P5\n" + std::to_string(width) + " 16\n255\n";
  for (int y = 0; y < 16; ++y)
    text += std::string(static_cast<std::size_t>(width), static_cast<char>(y >= top && y < bottom ? value : 0));
  return text;
}

nlohmann::json coco() {
  const auto image = [](int id, const char* name) {
    return nlohmann::json{{"id", id}, {"file_name", name}, {"width", 512}, {"height", 512}};
  };
  // Annotation ids from 0, twice the same: cocoeval would lose the first box.
  const auto box = [](int image, double left) {
    return nlohmann::json{{"id", 0},      {"image_id", image}, {"category_id", 26}, {"bbox", {left, 10, 40, 40}},
                          {"area", 1600}, {"iscrowd", 0}};
  };
  return {{"images", {image(2, "10.png"), image(1, "1.png")}},
          {"categories", {{{"id", 1}, {"name", "1"}}, {{"id", 26}, {"name", "stenosis"}}}},
          {"annotations", {box(1, 10), box(2, 100)}}};
}

nlohmann::json detection(int image, int category, double left, double score) {
  return {{"image_id", image}, {"category_id", category}, {"bbox", {left, 10, 40, 40}}, {"score", score}};
}

double value(const Ended& ended, const std::string& name) {
  INFO(ended.text());
  REQUIRE(ended.code == 0);
  const auto report = nlohmann::json::parse(ended.out);
  for (const auto& metric : report.at("metrics")) {
    if (metric.at("name") == name) return metric.at("value").get<double>();
  }
  FAIL("no metric " << name);
  return 0;
}

}  // namespace

TEST_SUITE("end_to_end") {
  TEST_CASE("masks of 0 and 255 and masks of 0 and 1 are scored, pair by pair") {
    const Laboratory lab;
    lab.write("truth/a.pgm", band(0, 8, 255));
    lab.write("found/a.pgm", band(4, 8, 1));  // Dice 2/3
    lab.write("truth/deeper/b.pgm", band(2, 4, 255));
    lab.write("found/deeper/b.pgm", band(2, 4, 255));
    const std::vector<std::string> words = {"evaluate", "masks", "--truth", "truth", "--prediction", "found"};
    const auto with = [&](std::vector<std::string> more) {
      more.insert(more.begin(), words.begin(), words.end());
      return lab.vaso(more);
    };
    CHECK(value(with({"--format", "json"}), "dice") == doctest::Approx(5.0 / 6));
    CHECK(value(with({"--format", "json"}), "dice_global") == doctest::Approx(6.0 / 8));
    const Ended text = with({"--out", "images.csv"});
    CHECK(text.code == 0);
    CHECK(text.says("0.8333"));
    CHECK(text.says("both empty counts 1"));
    CHECK(text.says("hd95"));
    CHECK(lab.read("images.csv").find("deeper/b,") != std::string::npos);
    CHECK_FALSE(with({"--no-distances"}).says("hd95"));
    CHECK(with({"--format", "md"}).says("| dice | 0.8333 |"));
    CHECK(with({"--format", "csv"}).says("all,dice,0.8333333333333333"));
  }

  TEST_CASE("maps of labels have a table by class") {
    const Laboratory lab;
    lab.write("truth/a.pgm", band(0, 8, 2));
    lab.write("found/a.pgm", band(4, 8, 2));
    const Ended ended =
        lab.vaso({"evaluate", "masks", "--truth", "truth", "--prediction", "found", "--labels", "LAD,RCA,LCX"});
    INFO(ended.text());
    CHECK(ended.code == 0);
    CHECK(ended.says("RCA"));
    CHECK(ended.says("0.6667"));
    CHECK(ended.says("mean over classes"));
    const Ended numbered = lab.vaso(
        {"evaluate", "masks", "--truth", "truth", "--prediction", "found", "--labels", "25", "--format", "json"});
    CHECK(value(numbered, "dice") == doctest::Approx(2.0 / 3));
    CHECK(nlohmann::json::parse(numbered.out).at("classes").size() == 25);
  }

  TEST_CASE("masks that do not fit are all named, and nothing is scored") {
    const Laboratory lab;
    const auto refused = [&](const std::vector<std::string>& said) {
      const Ended ended = lab.vaso({"evaluate", "masks", "--truth", "truth", "--prediction", "found"});
      INFO(ended.text());
      CHECK(ended.code == 5);
      CHECK(ended.out.empty());
      for (const std::string& words : said) CHECK_MESSAGE(ended.says(words), "does not say " << words);
    };
    refused({"truth", "cannot be opened"});
    lab.write("truth/a.pgm", band(0, 8, 255));
    lab.write("truth/b.pgm", band(0, 8, 255));
    lab.write("truth/c.pgm", band(0, 8, 255));
    lab.write("found/a.pgm", band(0, 8, 255));
    lab.write("found/d.pgm", band(0, 8, 255));
    refused({"b.pgm", "c.pgm", "d.pgm", "no prediction b.*", "no truth d.*"});
    lab.write("found/b.pgm", band(0, 8, 255, 20));
    lab.write("found/c.pgm", band(0, 8, 7));
    lab.write("truth/d.pgm", band(0, 8, 255));
    refused({"b.pgm", "20×16", "16×16", "c.pgm", "value 7 (128 px)", "--labels"});
  }

  TEST_CASE("boxes are scored as pycocotools would, whatever the annotation ids") {
    const Laboratory lab;
    lab.write("truth.json", coco().dump());
    lab.write("found.json", nlohmann::json{detection(1, 26, 10, .9), detection(2, 26, 100, .8)}.dump());
    const std::vector<std::string> words = {"evaluate", "boxes", "--truth", "truth.json", "--prediction", "found.json"};
    auto as_json = words;
    as_json.insert(as_json.end(), {"--format", "json"});
    CHECK(value(lab.vaso(as_json), "ap") == doctest::Approx(1));
    CHECK(value(lab.vaso(as_json), "ap_medium") == doctest::Approx(1));
    const Ended text = lab.vaso(words);
    CHECK(text.says("2 images, 2 boxes, 2 detections"));
    CHECK(text.says("renumbered from 1"));
    CHECK(text.says("found by file name"));

    lab.write("found.json", nlohmann::json{detection(1, 0, 10, .9), detection(10, 26, 100, .8)}.dump());
    const Ended strangers = lab.vaso(words);
    INFO(strangers.text());
    CHECK(strangers.code == 5);
    CHECK(strangers.says("category 0"));
    CHECK(strangers.says("26 stenosis"));
    CHECK(strangers.says("image 10"));

    lab.write("truth.json", coco().dump().substr(0, 80));
    const Ended broken = lab.vaso(words);
    CHECK(broken.code == 5);
    CHECK(broken.says("truth.json:1"));
  }

  TEST_CASE("evaluate explains itself") {
    const Laboratory lab;
    for (const char* what : {"masks", "boxes"}) {
      const Ended help = lab.vaso({"evaluate", what, "--help"});
      CHECK(help.code == 0);
      CHECK(help.says("Examples"));
      CHECK(help.says("--truth"));
      CHECK(lab.vaso({"evaluate", what}).code == 2);
      CHECK(lab.vaso({"evaluate", what, "--truth", "a", "--prediction", "b", "--format", "xml"}).code == 2);
    }
    CHECK(lab.vaso({"evaluate", "masks", "--truth", "a", "--prediction", "b", "--labels", "0"}).code == 2);
    CHECK(lab.vaso({"evaluate", "masks", "--truth", "a", "--prediction", "b", "--labels", "a,,b"}).code == 2);
  }
}
