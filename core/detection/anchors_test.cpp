#include "detection/anchors.hpp"

#include "detection/oracle_values.hpp"
#include "detection/test_values.hpp"

#include <doctest/doctest.h>

using namespace vaso;
using namespace vaso::detection;
using tests::worst;

TEST_SUITE("unit") {
  TEST_CASE("rounded anchors are torchvision's, in its order") {
    const AnchorOptions options{{{8}, {20}}, {0.5, 1, 2}, /*rounded=*/true};
    const at::Tensor like = at::zeros({});
    const at::Tensor all =
        at::cat({level_anchors(options, 0, 8, 12, 4, like), level_anchors(options, 1, 4, 6, 8, like)});
    CHECK(worst(tests::fingerprint(all, 6), tests::oracle::anchors) < 1e-7);
    CHECK(worst(all.narrow(0, 0, 3), tests::oracle::anchors_first) == 0);
    CHECK(worst(all.narrow(0, all.size(0) - 3, 3), tests::oracle::anchors_last) == 0);
  }

  TEST_CASE("exact anchors keep area and ratio; the first cell is centred on the origin") {
    const AnchorOptions options{{{32, 64}}, {0.25, 1, 4}};
    // detectron2, tests/modeling/test_anchor_generator.py; there by size, here by ratio.
    const std::vector<double> expected = {-32, -8,  32, 8,  -64, -16, 64, 16, -16, -16, 16, 16,
                                          -32, -32, 32, 32, -8,  -32, 8,  32, -16, -64, 16, 64};
    CHECK(worst(cell_anchors(options, 0), expected) == 0);
    const at::Tensor anchors = level_anchors(options, 0, 1, 2, 4, at::zeros({}, at::kDouble));
    CHECK(worst(anchors.narrow(0, 0, 6), expected) == 0);
    CHECK(worst(anchors[6], {-28, -8, 36, 8}) == 0);
  }
}
