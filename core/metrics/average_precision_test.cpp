#include "metrics/average_precision.hpp"

#include "annotations/coco_json.hpp"
#include "metrics/box_scores.hpp"
#include "metrics/test_support.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

using namespace vaso;
using namespace vaso::metrics;

namespace {

// In cocoeval's order.
std::vector<double> twelve(const CocoFigures& f) {
  return {f.ap,  f.ap50, f.ap75,  f.ap_small, f.ap_medium, f.ap_large,
          f.ar1, f.ar10, f.ar100, f.ar_small, f.ar_medium, f.ar_large};
}

void check(const CocoFigures& ours, const std::vector<double>& expected, double tolerance = 1e-12) {
  const std::vector<double> figures = twelve(ours);
  REQUIRE(expected.size() == figures.size());
  for (std::size_t i = 0; i < figures.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(figures[i] - expected[i]) < tolerance);
  }
}

TruthBox there(std::int64_t image, std::int64_t label, double left, double top, double width, double height,
               bool crowd = false) {
  return {image, label, left, top, width, height, width * height, crowd};
}

struct Boxes {
  std::vector<TruthBox> truths;
  std::vector<FoundBox> founds;
  std::int64_t labels;
};

// 40 images, four labels of which the truth has three, crowds, equal scores, all sizes.
Boxes drawn() {
  Draw draw;
  Boxes boxes{{}, {}, 4};
  constexpr std::int64_t sides[] = {30, 80, 160};
  for (std::int64_t image = 0; image < 40; ++image) {
    const std::int64_t count = draw(7);
    for (std::int64_t k = 0; k < count; ++k) {
      TruthBox truth;
      truth.image = image;
      truth.label = draw(3);
      const std::int64_t side = sides[draw(3)];
      truth.left = static_cast<double>(draw(400));
      truth.top = static_cast<double>(draw(400));
      truth.width = static_cast<double>(8 + draw(side));
      truth.height = static_cast<double>(8 + draw(side));
      truth.area = truth.width * truth.height * (draw(2) != 0 ? .75 : 1);
      truth.crowd = draw(12) == 0;
      boxes.truths.push_back(truth);
      const std::int64_t times = draw(4);
      for (std::int64_t r = 0; r < times; ++r) {
        FoundBox found;
        found.image = image;
        found.left = truth.left + static_cast<double>(draw(9) - 4);
        found.top = truth.top + static_cast<double>(draw(9) - 4);
        found.width = truth.width + static_cast<double>(draw(7) - 3);
        found.height = truth.height + static_cast<double>(draw(7) - 3);
        found.label = draw(10) != 0 ? truth.label : draw(4);
        found.score = static_cast<double>(1 + draw(16)) / 16;
        boxes.founds.push_back(found);
      }
    }
    const std::int64_t mistakes = draw(4);
    for (std::int64_t k = 0; k < mistakes; ++k) {
      FoundBox found;
      found.image = image;
      found.label = draw(4);
      found.left = static_cast<double>(draw(400));
      found.top = static_cast<double>(draw(400));
      found.width = static_cast<double>(8 + draw(90));
      found.height = static_cast<double>(8 + draw(90));
      found.score = static_cast<double>(1 + draw(16)) / 16;
      boxes.founds.push_back(found);
    }
  }
  return boxes;
}

}  // namespace

// Expected values in this suite: cocoeval.py of cocodataset/cocoapi 8c9bcc3 on numpy 1.24, annotation ids from 1.
TEST_SUITE("unit") {
  TEST_CASE("a drawn set with crowds, equal scores and an absent class is cocoeval's") {
    const Boxes boxes = drawn();
    CHECK(boxes.truths.size() == 141);
    CHECK(boxes.founds.size() == 271);
    const AveragePrecision average = average_precision(boxes.truths, boxes.founds, boxes.labels);
    check(average.all, {0.211515651335796, 0.37403648007021, 0.222766687189176, 0.103305781639231, 0.29829996564282,
                        0.43522578448321, 0.248349556060694, 0.447888131180665, 0.447888131180665, 0.238257575757576,
                        0.535974658869396, 0.625925925925926});
    REQUIRE(average.labels.size() == 4);
    check(average.labels[0], {0.278915832556676, 0.465417239054125, 0.286666843742092, 0.150973597359736,
                              0.334228512610254, 0.637696055319818, 0.307894736842105, 0.557894736842105,
                              0.557894736842105, 0.327272727272727, 0.605555555555556, 0.744444444444444});
    check(average.labels[1],
          {0.165190223230555, 0.292943615628531, 0.166118319906525, 0.0366963871905171, 0.262286400648178,
           0.499664466446644, 0.197619047619048, 0.388095238095238, 0.388095238095238, 0.1375, 0.447368421052632, 0.8});
    check(average.labels[2],
          {0.190440898220158, 0.363748585527975, 0.215514897918912, 0.122247360367441, 0.298384983670028,
           0.168316831683168, 0.23953488372093, 0.397674418604651, 0.397674418604651, 0.25, 0.555, 0.333333333333333});
    check(average.labels[3], std::vector<double>(12, -1));
  }

  TEST_CASE("images and classes that truth or prediction lack") {
    const FoundBox wide{0, 0, 258, 41, 348, 244, .536};
    FoundBox elsewhere = wide;
    elsewhere.image = 1;
    // The box of the other image has the same score and comes later.
    check(average_precision(std::vector{there(0, 0, 214, 41, 348, 244)}, std::vector{wide, elsewhere}, 1).all,
          {.6, 1, 1, -1, -1, .6, .6, .6, .6, -1, -1, .6});
    const AveragePrecision missed =
        average_precision(std::vector{there(0, 0, 214, 41, 348, 244), there(1, 1, 1, 2, 2, 2)}, std::vector{wide}, 2);
    check(missed.all, {.3, .5, .5, 0, -1, .6, .3, .3, .3, 0, -1, .6});
    CHECK(missed.labels[0].ap == doctest::Approx(.6));
    CHECK(missed.labels[1].ap == 0);
    const FoundBox right{0, 0, 10, 10, 40, 40, .9}, other{0, 1, 10, 10, 40, 40, .9};
    const AveragePrecision invented =
        average_precision(std::vector{there(0, 0, 10, 10, 40, 40)}, std::vector{right, other}, 2);
    check(invented.all, {1, 1, 1, -1, 1, -1, 1, 1, 1, -1, 1, -1});
    CHECK(invented.labels[1].ap == -1);
    check(average_precision({}, {}, 1).all, std::vector<double>(12, -1));
  }

  TEST_CASE("of two true boxes that fit equally, the later is taken") {
    const std::vector truths = {there(0, 0, 0, 0, 40, 40), there(0, 0, 20, 0, 40, 40)};
    const FoundBox between{0, 0, 10, 0, 40, 40, .9};
    check(average_precision(truths, std::vector{between, FoundBox{0, 0, 0, 0, 40, 40, .8}}, 1).all,
          {0.476732673267327, 1, 0.252475247524752, -1, 0.476732673267327, -1, 0.15, 0.65, 0.65, -1, 0.65, -1});
    check(average_precision(truths, std::vector{between, FoundBox{0, 0, 20, 0, 40, 40, .8}}, 1).all,
          {0.328217821782178, 0.504950495049505, 0.252475247524752, -1, 0.328217821782178, -1, 0.15, 0.5, 0.5, -1, 0.5,
           -1});
  }

  TEST_CASE("what is found in a crowd is no mistake; sizes include their bounds; equal scores count in image order") {
    check(average_precision(std::vector{there(0, 0, 0, 0, 200, 200, true), there(0, 0, 300, 300, 50, 50)},
                            std::vector<FoundBox>{
                                {0, 0, 10, 10, 40, 40, .9}, {0, 0, 60, 60, 40, 40, .8}, {0, 0, 300, 300, 50, 50, .5}},
                            1)
              .all,
          {1, 1, 1, -1, 1, -1, 0, 1, 1, -1, 1, -1});
    check(average_precision(std::vector{there(0, 0, 0, 0, 32, 32), there(0, 0, 100, 100, 96, 96)},
                            std::vector<FoundBox>{{0, 0, 0, 0, 32, 32, .9}, {0, 0, 100, 100, 96, 96, .8}}, 1)
              .all,
          {1, 1, 1, 1, 1, 1, .5, 1, 1, 1, 1, 1});
    check(average_precision(std::vector{there(0, 0, 0, 0, 32, 32), there(1, 0, 0, 0, 32, 32)},
                            std::vector<FoundBox>{{1, 0, 0, 0, 32, 32, .5}, {0, 0, 200, 0, 32, 32, .5}}, 1)
              .all,
          {0.252475247524752, 0.252475247524752, 0.252475247524752, 0.252475247524752, 0.252475247524752, -1, .5, .5,
           .5, .5, .5, -1});
  }

  TEST_CASE("faults of the input") {
    CHECK_THROWS_AS(average_precision(std::vector{there(0, 1, 0, 0, 4, 4)}, {}, 1), std::invalid_argument);
    CHECK_THROWS_AS(average_precision({}, std::vector<FoundBox>{{0, -1, 0, 0, 4, 4, .5}}, 1), std::invalid_argument);
    CHECK_THROWS_AS(average_precision({}, std::vector<FoundBox>{{0, 0, 0, 0, 4, 4, std::nan("")}}, 1),
                    std::invalid_argument);
  }

  TEST_CASE("box scores: the same figures, and precision, recall and F1 at the operating point") {
    const Boxes boxes = drawn();
    BoxScores scores({"a", "b", "c", "d"});
    for (std::int64_t image = 0; image < 40; ++image) {
      std::vector<TruthBox> truths;
      std::vector<FoundBox> founds;
      for (TruthBox box : boxes.truths) {
        if (box.image == image) truths.push_back(box);
      }
      for (FoundBox box : boxes.founds) {
        if (box.image == image) founds.push_back(box);
      }
      scores.add("image " + std::to_string(image), truths, founds);
    }
    const Report report = scores.report();
    CHECK(report.metric("ap").value == doctest::Approx(0.211515651335796));
    CHECK(report.metric("ar_large").value == doctest::Approx(0.625925925925926));
    CHECK(report.metric("ap").undefined == 1);
    REQUIRE(report.classes.rows.size() == 4);
    CHECK(report.classes.rows[1].values[0] == doctest::Approx(0.165190223230555));
    CHECK(std::isnan(report.classes.rows[3].values[0]));
    CHECK(report.classes.rows[3].support == 0);

    BoxScores few({"stenosis"});
    few.add("right", {there(0, 0, 0, 0, 40, 40)}, {{0, 0, 1, 0, 40, 40, .9}, {0, 0, 0, 0, 40, 40, .4}});
    few.add("one missed, one invented", {there(0, 0, 0, 0, 40, 40), there(0, 0, 100, 0, 40, 40)},
            {{0, 0, 0, 0, 40, 40, .5}, {0, 0, 200, 0, 40, 40, .7}});
    few.add("nothing", {}, {});
    few.add("crowd", {there(0, 0, 0, 0, 200, 200, true)}, {{0, 0, 10, 10, 40, 40, .9}});
    few.add("invented", {}, {{0, 0, 10, 10, 40, 40, .9}});
    const Report of_few = few.report();
    CHECK(of_few.metric("box_precision").value == doctest::Approx(2.0 / 4));
    CHECK(of_few.metric("box_recall").value == doctest::Approx(2.0 / 3));
    CHECK(of_few.metric("box_f1").value == doctest::Approx(4.0 / 7));
    const auto& f1 = of_few.per_image.at("box_f1");
    CHECK(f1.at("right") == 1);
    CHECK(f1.at("one missed, one invented") == .5);
    CHECK(f1.at("nothing") == 1);
    CHECK(f1.at("crowd") == 1);
    CHECK(f1.at("invented") == 0);
    CHECK(of_few.per_image.at("box_recall").at("one missed, one invented") == .5);
    CHECK(of_few.classes.rows.empty());
    CHECK_THROWS_AS(few.add("right", {}, {}), std::invalid_argument);
    CHECK_THROWS_AS(few.add("other", {there(0, 1, 0, 0, 4, 4)}, {}), std::invalid_argument);
    CHECK(few.size() == 5);
  }
}

TEST_SUITE("reference") {
  TEST_CASE("COCO's twelve figures of every set") {
    const auto files = tests::reference_files("coco_bbox_ap", ".json");
    if (files.empty()) MESSAGE("skipped: no coco_bbox_ap*.json in " << tests::reference_dir().string());
    constexpr const char* names[] = {"AP",  "AP50", "AP75",  "APs", "APm", "APl",
                                     "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"};
    for (const auto& path : files) {
      std::ifstream stream(path);
      const auto sets = nlohmann::json::parse(stream);
      for (const auto& [name, set] : sets.items()) {
        CAPTURE(path.string());
        CAPTURE(name);
        // Through the files that users have.
        const tests::TemporaryFolder folder;
        std::ofstream(folder.path() / "truth.json") << set.at("ground_truth");
        std::ofstream(folder.path() / "found.json") << set.at("detections");
        const auto truth = annotations::read_coco(folder.path() / "truth.json", annotations::Outlines::ignore);
        const auto found = annotations::read_coco_detections(folder.path() / "found.json");
        REQUIRE(truth.faults.empty());
        REQUIRE(found.faults.empty());
        std::map<std::int64_t, std::int64_t> labels;
        for (const auto& category : truth.categories)
          labels.emplace(category.id, static_cast<std::int64_t>(labels.size()));
        std::vector<TruthBox> truths;
        for (const auto& each : truth.annotations) {
          truths.push_back({each.image_id, labels.at(each.category_id), each.box.left, each.box.top, each.box.width,
                            each.box.height, each.area, each.crowd});
        }
        std::vector<FoundBox> founds;
        for (const auto& each : found.detections) {
          founds.push_back({each.image_id, labels.at(each.category_id), each.box.left, each.box.top, each.box.width,
                            each.box.height, each.score});
        }
        std::vector<double> expected;
        for (const char* figure : names) expected.push_back(set.at("expected").at(figure).get<double>());
        check(average_precision(truths, founds, static_cast<std::int64_t>(labels.size())).all, expected, 1e-9);
      }
    }
  }
}
