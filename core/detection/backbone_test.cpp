#include "detection/feature_pyramid.hpp"
#include "detection/resnet.hpp"

#include "detection/oracle_values.hpp"
#include "detection/test_values.hpp"

#include <doctest/doctest.h>

using namespace vaso;
using namespace vaso::detection;
using tests::fingerprints;
using tests::worst;

namespace {

// Leaves of float64, and the gradient of Σ output·noise with respect to them.
at::Tensor leaf(at::IntArrayRef sizes, const char* name) {
  return tests::hashed(sizes, name).to(at::kDouble).requires_grad_();
}
void backward(const std::vector<at::Tensor>& outputs, const std::string& noise) {
  at::Tensor sum = at::zeros({}, at::kDouble);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    sum = sum + (outputs[i] * tests::hashed(outputs[i].sizes(), noise + std::to_string(i)).to(at::kDouble)).sum();
  }
  sum.backward();
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("ResNet-50 has torchvision's names, and with its weights gives the same maps") {
    const at::Tensor image = tests::hashed({2, 3, 64, 64}, "resnet.image");
    for (const std::string norm : {"bn", "gn"}) {
      CAPTURE(norm);
      ResNet net({{3, 4, 6, 3}, 64, norm});
      CHECK(net.channels() == std::vector<std::int64_t>{256, 512, 1024, 2048});
      CHECK(net.named_parameters().contains("layer3.5.conv2.weight"));
      CHECK(net.named_parameters().contains("layer1.0.downsample.1.bias"));
      tests::fill_by_name(net);
      at::NoGradGuard no_grad;
      net.eval();
      CHECK(worst(fingerprints(net.forward(image), 3),
                  norm == "bn" ? tests::oracle::resnet_bn_eval : tests::oracle::resnet_gn_eval, 4) < 2e-5);
      if (norm != "bn") continue;
      net.train();
      net.to(at::kDouble);
      CHECK(worst(fingerprints(net.forward(image.to(at::kDouble)), 3), tests::oracle::resnet_bn_train, 4) < 1e-7);
      CHECK(worst(tests::fingerprint(net.named_buffers()["layer4.2.bn3.running_var"], 3),
                  tests::oracle::resnet_running) < 1e-7);
    }
  }

  TEST_CASE("the top-down pyramid is torchvision's, gradients included, on maps of odd sizes") {
    FeaturePyramid pyramid({6, 10, 12}, 8, "bn");
    tests::fill_by_name(pyramid);
    pyramid.to(at::kDouble);
    const std::vector<at::Tensor> maps = {leaf({2, 6, 13, 10}, "fpn.0"), leaf({2, 10, 7, 5}, "fpn.1"),
                                          leaf({2, 12, 4, 3}, "fpn.2")};
    const std::vector<at::Tensor> levels = pyramid.forward(maps);
    CHECK(worst(fingerprints(levels, 3), tests::oracle::fpn, 4) < 1e-7);
    backward(levels, "fpn.g");
    CHECK(worst(fingerprints({maps[0].grad(), maps[1].grad(), maps[2].grad()}, 3), tests::oracle::fpn_gradient, 4) <
          1e-7);
  }

  TEST_CASE("the simple pyramid is ViTDet's, gradients included") {
    SimpleFeaturePyramid pyramid(12, 8, "ln");
    tests::fill_by_name(pyramid);
    pyramid.to(at::kDouble);
    const at::Tensor map = leaf({2, 12, 6, 6}, "sfp.map");
    const std::vector<at::Tensor> levels = pyramid.forward(map);
    REQUIRE(levels.size() == 5);
    const std::int64_t sides[] = {24, 12, 6, 3, 2};
    for (std::size_t i = 0; i < 5; ++i) CHECK(levels[i].sizes() == at::IntArrayRef({2, 8, sides[i], sides[i]}));
    CHECK(worst(fingerprints(levels, 3), tests::oracle::simple_pyramid, 4) < 1e-7);
    backward(levels, "sfp.g");
    CHECK(worst(tests::fingerprint(map.grad(), 3), tests::oracle::simple_pyramid_gradient) < 1e-7);
  }
}
