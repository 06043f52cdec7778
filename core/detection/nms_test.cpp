#include "detection/nms.hpp"

#include "detection/boxes.hpp"
#include "detection/oracle_values.hpp"
#include "detection/test_values.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace vaso;
using namespace vaso::detection;

TEST_SUITE("unit") {
  TEST_CASE("torchvision keeps the same boxes, of one group and of three, with equal scores among them") {
    const at::Tensor boxes = tests::hashed_boxes(80, "nms.boxes", 60, 5, 40);
    const at::Tensor scores = (tests::hashed({80}, "nms.scores", 0, 1) * 20).round() / 20;
    const at::Tensor groups = tests::hashed({80}, "nms.groups", 0, 3).floor().to(at::kLong);
    CHECK(tests::integers(nms(boxes, scores, {}, 0.5)) == tests::oracle::nms_kept);
    CHECK(at::equal(nms(boxes, scores, groups, 0.4, 9), nms(boxes, scores, groups, 0.4).narrow(0, 0, 9)));
    // torchvision leaves open how equal scores are ordered here.
    const std::vector<std::int64_t> kept = tests::integers(nms(boxes, scores, groups, 0.4));
    const std::vector<std::int64_t>& expected = tests::oracle::nms_kept_by_group;
    CHECK(std::set<std::int64_t>(kept.begin(), kept.end()) == std::set<std::int64_t>(expected.begin(), expected.end()));
    CHECK(scores.index_select(0, nms(boxes, scores, groups, 0.4)).diff().le(0).all().item<bool>());
  }

  TEST_CASE("an IoU of exactly the threshold does not suppress") {
    const at::Tensor boxes = at::tensor({0., 0., 4., 4., 0., 0., 4., 2.}, at::kFloat).view({2, 4});  // IoU 0.5
    const at::Tensor scores = at::tensor({0.5f, 0.9f});
    CHECK(tests::integers(nms(boxes, scores, {}, 0.5)) == std::vector<std::int64_t>{1, 0});
    CHECK(tests::integers(nms(boxes, scores, {}, 0.49)) == std::vector<std::int64_t>{1});
  }

  TEST_CASE("what was suppressed suppresses nothing; no boxes are no trouble") {
    const at::Tensor chain =
        at::tensor({0., 0., 10., 10., 3., 0., 13., 10., 6., 0., 16., 10.}, at::kFloat).view({3, 4});
    CHECK(tests::integers(nms(chain, at::tensor({3.f, 2.f, 1.f}), {}, 0.5)) == std::vector<std::int64_t>{0, 2});
    CHECK(nms(at::zeros({0, 4}), at::zeros({0}), {}, 0.5).numel() == 0);
  }

  TEST_CASE("scores that are no number do not lead it astray") {
    const at::Tensor boxes = tests::hashed_boxes(300, "nan", 60, 5, 40);
    CHECK(nms(boxes, at::full({300}, NAN), {}, 0.5).numel() > 0);
  }
}
