#include "detection/boxes.hpp"

#include "detection/oracle_values.hpp"
#include "detection/test_values.hpp"

#include <doctest/doctest.h>

using namespace vaso;
using namespace vaso::detection;
using tests::worst;

TEST_SUITE("unit") {
  TEST_CASE("IoU, encoding, decoding and clipping are torchvision's") {
    const at::Tensor a = tests::hashed_boxes(6, "boxes.a", 100, 5, 60),
                     b = tests::hashed_boxes(5, "boxes.b", 100, 5, 60);
    CHECK(worst(box_iou(a, b), tests::oracle::iou) < 1e-6);
    const BoxWeights weights = {10, 10, 5, 5};
    CHECK(worst(encode_boxes(a.narrow(0, 0, 5), b, weights), tests::oracle::encoded) < 1e-6);
    at::Tensor codes = tests::hashed({5, 2, 4}, "boxes.codes", -8, 8);
    codes[0][0][2] = 40;  // meets the bound on growth
    CHECK(worst(decode_boxes(codes, b, weights), tests::oracle::decoded) < 1e-6);
    CHECK(worst(clip_boxes(tests::hashed({6, 4}, "boxes.clip", -50, 150), {80, 90}), tests::oracle::clipped) < 1e-6);
  }

  TEST_CASE("decoding undoes encoding") {
    const at::Tensor boxes = tests::hashed_boxes(50, "a", 100, 5, 60),
                     anchors = tests::hashed_boxes(50, "b", 100, 5, 60);
    const at::Tensor back = decode_boxes(encode_boxes(boxes, anchors, {1, 2, 3, 4}), anchors, {1, 2, 3, 4});
    CHECK((back - boxes).abs().max().item<double>() < 1e-4);
  }

  TEST_CASE("boxes of no area overlap nothing, and do not count as large") {
    const at::Tensor none = at::zeros({1, 4});
    CHECK(box_iou(none, none).item<double>() == 0);
    const at::Tensor boxes =
        at::tensor({0., 0., 2., 2., 1., 1., 1., 5., 0., 0., 1., 9., 5., 5., 3., 3., NAN, 0., 9., 9.}, at::kFloat)
            .view({5, 4});
    CHECK(tests::integers(large_boxes(boxes, 0)) == std::vector<std::int64_t>{0, 2});
    CHECK(tests::integers(large_boxes(boxes, 2)) == std::vector<std::int64_t>{0});
  }
}
