#include "metrics/mask_scores.hpp"

#include "metrics/test_support.hpp"

#include <doctest/doctest.h>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

using namespace vaso;
using namespace vaso::metrics;
using vision::GreyImage;

namespace {

// A 2×2 mask, as MONAI's tests have them.
GreyImage mask(int a, int b, int c, int d) {
  GreyImage image(2, 2);
  image.pixels = {static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b), static_cast<std::uint8_t>(c),
                  static_cast<std::uint8_t>(d)};
  return image;
}
const GreyImage kNone = mask(0, 0, 0, 0);

double value(const MaskScores& scores, const std::string& name) { return scores.report().metric(name).value; }

}  // namespace

TEST_SUITE("unit") {
  // Dice by image and class: ⁶⁄₇, absent but found, absent but found; ½, ⅖, ⅔. DiceMetric of MONAI gives 0.6786, 0.4
  // and 0.6667 by class and 0.689683 in all (tests/metrics/test_compute_meandice.py, cases 4 and 5, have these ratios).
  TEST_CASE("Dice of several labels by every convention") {
    MaskScores scores({"a", "b", "c"});
    scores.add("first", {mask(1, 1, 1, 1), kNone, kNone}, {mask(1, 1, 1, 0), mask(0, 1, 0, 0), mask(0, 1, 1, 1)});
    scores.add("second", {mask(0, 0, 0, 1), mask(1, 1, 0, 0), mask(0, 0, 1, 0)},
               {mask(1, 0, 1, 1), mask(0, 1, 1, 1), mask(0, 1, 1, 0)});
    const Report report = scores.report();
    const double a = 6.0 / 7, b = .5, c = .4, d = 2.0 / 3;
    const auto check = [&](const char* name, double expected, std::int64_t undefined) {
      CAPTURE(name);
      CHECK(report.metric(name).value == doctest::Approx(expected).epsilon(1e-12));
      CHECK(report.metric(name).undefined == undefined);
      CHECK_FALSE(report.metric(name).convention.empty());
    };
    check("dice", ((a + b) / 2 + c + d) / 3, 2);
    check("dice_monai", .6896825396825397, 2);
    check("dice_monai_with_empty", (a / 3 + (b + c + d) / 3) / 2, 0);
    check("dice_nnunet", ((a + b) / 2 + c / 2 + d / 2) / 3, 0);
    check("dice_medpy", ((a + b) / 2 + c / 2 + d / 2) / 3, 0);
    // Pooled: a 2·(3+1)/(5+6), b 2·1/(2+4), c 2·1/(1+5).
    check("dice_global", (8.0 / 11 + 2.0 / 6 + 2.0 / 6) / 3, 0);
    check("iou_global", (4.0 / 7 + 1.0 / 5 + 1.0 / 5) / 3, 0);
    // No pixel of either image is without a label in the truth, nor in the prediction.
    check("dice_mmseg", (8.0 / 11 + 2.0 / 6 + 2.0 / 6) / 3, 1);

    CHECK(report.per_image.at("dice").at("first") == doctest::Approx(a));
    CHECK(report.per_image.at("dice").at("second") == doctest::Approx((b + c + d) / 3));
    REQUIRE(report.classes.rows.size() == 3);
    CHECK(report.classes.rows[0].label == "a");
    CHECK(report.classes.rows[0].support == 2);
    CHECK(report.classes.rows[1].support == 1);
    CHECK(report.classes.columns.front() == "dice");
    CHECK(report.classes.rows[0].values[0] == doctest::Approx((a + b) / 2));
    CHECK(report.classes.rows[2].values[0] == doctest::Approx(d));
  }

  TEST_CASE("classes that the truth never has are left out") {
    MaskScores scores({"a", "10a"});
    scores.add("1", {mask(1, 1, 0, 0), kNone}, {mask(1, 0, 0, 0), kNone});
    CHECK(value(scores, "dice") == doctest::Approx(2.0 / 3));
    CHECK(value(scores, "dice_global") == doctest::Approx(2.0 / 3));
    CHECK(value(scores, "dice_nnunet") == doctest::Approx(2.0 / 3));
    CHECK(value(scores, "dice_medpy") == doctest::Approx(1.0 / 3));
    CHECK(value(scores, "dice_monai_with_empty") == doctest::Approx(5.0 / 6));
    CHECK(scores.report().metric("dice").undefined == 1);
    // The background: 2 pixels in the truth, 3 in the prediction, 2 in both.
    CHECK(value(scores, "dice_mmseg") == doctest::Approx((.8 + 2.0 / 3) / 2));
    CHECK(std::isnan(scores.report().classes.rows[1].values[0]));
    CHECK(scores.report().to_text().find("–") != std::string::npos);
  }

  TEST_CASE("one label: both empty counts 1") {
    MaskScores scores({"vessel"});
    scores.add("half", {mask(1, 1, 0, 0)}, {mask(1, 0, 0, 0)});  // 2/3
    scores.add("none", {kNone}, {kNone});                        // 1
    scores.add("invented", {kNone}, {mask(1, 0, 0, 0)});         // 0
    scores.add("missed", {mask(1, 0, 0, 0)}, {kNone});           // 0
    CHECK(value(scores, "dice") == doctest::Approx(5.0 / 12));
    CHECK(value(scores, "dice_monai_with_empty") == doctest::Approx(5.0 / 12));
    CHECK(value(scores, "dice_monai") == doctest::Approx(1.0 / 3));
    CHECK(value(scores, "dice_nnunet") == doctest::Approx(2.0 / 9));
    CHECK(value(scores, "dice_medpy") == doctest::Approx(1.0 / 6));
    CHECK(value(scores, "dice_global") == doctest::Approx(2.0 / 5));
    CHECK(value(scores, "iou") == doctest::Approx(1.5 / 4));
    CHECK(value(scores, "precision") == doctest::Approx(.5));
    CHECK(value(scores, "recall") == doctest::Approx(1.5 / 4));
    CHECK(value(scores, "cl_dice") > 0);
    const Report report = scores.report();
    CHECK(report.metric("hd95").undefined == 3);
    CHECK(report.metric("hd95").value == 1 * .95);  // 0 and 1 pixel away, linear between ranks
    CHECK(report.per_image.at("dice").size() == 4);
    CHECK(report.per_image.at("hd95").size() == 1);
    CHECK(report.per_image.at("dice").at("none") == 1);
    CHECK(report.classes.rows.empty());
  }

  TEST_CASE("distances can be left out, and no images are no score") {
    MaskScores scores({"vessel"}, {.surface = false});
    CHECK(std::isnan(value(scores, "dice")));
    scores.add("1", {mask(1, 1, 0, 0)}, {mask(1, 0, 0, 0)});
    CHECK_THROWS_AS(scores.report().metric("hd95"), std::out_of_range);
    CHECK(scores.report().per_image.count("assd") == 0);
    CHECK(value(scores, "dice") == doctest::Approx(2.0 / 3));
  }

  TEST_CASE("what does not fit is refused, and then not half added") {
    CHECK_THROWS_AS(MaskScores({}), std::invalid_argument);
    CHECK_THROWS_AS(MaskScores({"a", "a"}), std::invalid_argument);
    MaskScores scores({"a"});
    CHECK_THROWS_AS(scores.add("1", {kNone, kNone}, {kNone}), std::invalid_argument);
    CHECK_THROWS_AS(scores.add("1", {kNone}, {GreyImage(2, 3)}), std::invalid_argument);
    scores.add("1", {kNone}, {kNone});
    CHECK_THROWS_AS(scores.add("1", {kNone}, {kNone}), std::invalid_argument);
    CHECK(scores.size() == 1);
  }

  TEST_CASE("a report as text, Markdown, CSV and JSON") {
    Report report;
    report.metrics = {{"dice", .8125, "mean, \"both empty\" | 1", 0}, {"hd95", std::nan(""), "pixels", 3}};
    report.classes = {"images", {"dice"}, {{"9a", 12, {.5}}, {"10a", 0, {std::nan("")}}}};
    report.per_image = {{"dice", {{"a,b", .75}, {"c", 1.0 / 3}}}, {"hd95", {{"c", 2}}}};
    const std::string text = report.to_text();
    CHECK(text.find("0.8125") != std::string::npos);
    CHECK(text.find("10a") != std::string::npos);
    const std::string markdown = report.to_markdown();
    CHECK(markdown.find("| dice | 0.8125 | 0 | mean, \"both empty\" \\| 1 |") != std::string::npos);
    CHECK(markdown.find("| 10a | 0 | – |") != std::string::npos);
    const std::string csv = report.to_csv();
    CHECK(csv.find("all,dice,0.8125,0,\"mean, \"\"both empty\"\" | 1\"\r\n") != std::string::npos);
    CHECK(csv.find("all,hd95,,3,pixels\r\n") != std::string::npos);
    CHECK(csv.find("9a,images,12,,\r\n9a,dice,0.5,,\r\n") != std::string::npos);
    CHECK(report.per_image_csv() == "image,dice,hd95\r\n\"a,b\",0.75,\r\nc,0.3333333333333333,2\r\n");
    const auto json = nlohmann::json::parse(report.to_json());
    CHECK(json["metrics"][0]["value"] == .8125);
    CHECK(json["metrics"][1]["value"].is_null());
    CHECK(json["metrics"][1]["undefined"] == 3);
    CHECK(json["classes"]["9a"]["images"] == 12);
    CHECK(json["classes"]["10a"]["dice"].is_null());
    CHECK(json["per_image"]["dice"]["c"] == 1.0 / 3);
  }
}
