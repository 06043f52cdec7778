#include "detection/faster_rcnn.hpp"
#include "detection/initialise.hpp"

#include "detection/oracle_values.hpp"
#include "detection/test_values.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <doctest/doctest.h>

#include <cmath>

using namespace vaso;
using namespace vaso::detection;
using tests::fingerprint;
using tests::fingerprints;
using tests::worst;

namespace {

constexpr ImageSize size{64, 64};
const DetectorShape shape{2, 8, {4, 8, 16, 32, 64}, {8, 16, 32, 64, 128}, {0.5, 1, 2}};

// Three images of 64×64: two boxes, one, none.
const std::vector<at::Tensor>& boxes() {
  static const std::vector<at::Tensor> all = {tests::hashed_boxes(2, "truth.0", 64, 8, 30),
                                              tests::hashed_boxes(1, "truth.1", 64, 8, 30), at::zeros({0, 4})};
  return all;
}
const std::vector<at::Tensor>& labels() {
  static const std::vector<at::Tensor> all = {at::tensor({0, 1}, at::kLong), at::tensor({1}, at::kLong),
                                              at::zeros({0}, at::kLong)};
  return all;
}
std::vector<at::Tensor> levels(at::ScalarType type = at::kFloat) {
  std::vector<at::Tensor> maps;
  for (const std::int64_t side : {16, 8, 4, 2, 1}) {
    const std::string name = "features." + std::to_string(maps.size());
    maps.push_back(tests::hashed({3, 8, side, side}, name).to(type).requires_grad_());
  }
  return maps;
}

at::Generator generator() { return at::make_generator<at::CPUGeneratorImpl>(1); }

// Nothing left to chance: every anchor and proposal is trained on.
FasterRcnnOptions with_all_samples(FasterRcnnOptions options) {
  options.rpn.convolutions = 2;
  options.rpn.samples = options.roi.samples = 1000000;
  options.roi.head.width = 16;
  return options;
}

at::Tensor sum(const Bag& losses) {
  at::Tensor total = at::zeros({}, losses.begin()->second.options());
  for (const auto& [name, loss] : losses) total = total + loss;
  return total;
}
std::vector<double> in_order(const Bag& losses) {
  std::vector<double> values;
  for (const char* name : {"rpn_objectness", "rpn_box", "roi_class", "roi_box"}) {
    values.push_back(losses.at(name).item<double>());
  }
  return values;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("with torchvision's conventions: its proposals, losses, gradients and detections") {
    FasterRcnn detector(with_all_samples(torchvision_options(shape)));
    tests::fill_by_name(detector);
    const std::vector<at::Tensor> maps = levels();

    Rpn rpn(with_all_samples(torchvision_options(shape)).rpn);
    for (const auto& item : rpn.named_parameters()) {
      at::NoGradGuard no_grad;
      item.value().copy_(detector.named_parameters()["rpn." + item.key()]);
    }
    const std::vector<at::Tensor> proposals = rpn.proposals(rpn.forward(maps), size, /*training=*/true);
    for (std::size_t i = 0; i < 3; ++i) CHECK(proposals[i].size(0) == tests::oracle::proposal_counts[i]);
    CHECK(worst(fingerprints(proposals, 3), tests::oracle::proposals, 4) < 1e-5);

    const Bag losses = detector.losses(maps, size, boxes(), labels(), generator());
    CHECK(losses.size() == 4);
    CHECK(worst(in_order(losses), tests::oracle::losses_torchvision, 1) < 1e-5);
    sum(losses).backward();
    std::vector<at::Tensor> gradients;
    for (const at::Tensor& map : maps) gradients.push_back(map.grad());
    CHECK(worst(fingerprints(gradients, 3), tests::oracle::feature_gradients, 4) < 1e-4);
    const auto gradient = [&](const char* name) { return detector.named_parameters()[name].grad(); };
    CHECK(worst(fingerprint(gradient("rpn.convs.0.weight"), 3), tests::oracle::rpn_conv_gradient) < 1e-4);
    CHECK(worst(fingerprint(gradient("roi.head.fc.0.weight"), 3), tests::oracle::fc_gradient) < 1e-4);
    CHECK(worst(fingerprint(gradient("roi.head.box.weight"), 3), tests::oracle::box_gradient) < 1e-4);

    const std::vector<Detections> found = detector.detect(maps, size);
    std::vector<double> prints;
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(found[i].boxes.size(0) == tests::oracle::detection_counts[i]);
      for (const at::Tensor& part : {found[i].boxes, found[i].scores, found[i].labels}) {
        for (const double value : fingerprint(part, 2)) prints.push_back(value);
      }
      CHECK_FALSE(found[i].boxes.requires_grad());
    }
    CHECK(worst(prints, tests::oracle::detections, 3) < 1e-5);
    const at::Tensor best =
        at::cat({found[0].boxes[0], found[0].scores.narrow(0, 0, 1), found[0].labels.narrow(0, 0, 1)});
    CHECK(worst(best, tests::oracle::best_detection) < 1e-5);
  }

  TEST_CASE("with detectron2's conventions: the same from torchvision's parts, put together as detectron2 does") {
    FasterRcnnOptions options = with_all_samples(detectron2_options(shape));
    options.rpn.samples = 100000;  // the quota that losses are divided by
    FasterRcnn detector(options);
    tests::fill_by_name(detector);
    RoiHeads roi(options.roi);
    Rpn rpn(options.rpn);
    for (const auto& item : detector.named_parameters()) {
      at::NoGradGuard no_grad;
      const std::string name = item.key().substr(4);
      (item.key().starts_with("rpn.") ? rpn.named_parameters() : roi.named_parameters())[name].copy_(item.value());
    }
    const std::vector<at::Tensor> maps = levels();
    std::vector<at::Tensor> proposals, all;
    for (std::size_t i = 0; i < 3; ++i) {
      proposals.push_back(tests::hashed_boxes(40, "proposals." + std::to_string(i), 64, 4, 50));
      all.push_back(at::cat({proposals[i], boxes()[i]}));
    }
    Bag losses = rpn.losses(rpn.forward(maps), boxes(), generator());
    losses.merge(roi.losses(maps, proposals, boxes(), labels(), generator()));
    CHECK(worst(in_order(losses), tests::oracle::losses_detectron2, 1) < 1e-5);
    CHECK(worst(fingerprint(pool_regions(maps, all, options.roi.pooler), 3), tests::oracle::pooled_detectron2) < 1e-5);
  }

  TEST_CASE("regions go to the pyramid levels that torchvision chooses") {
    at::Tensor some = tests::hashed_boxes(24, "levels", 1000, 4, 990);
    some[0] = at::tensor({0.f, 0.f, 112.f, 112.f});
    some[1] = at::tensor({0.f, 0.f, 224.f, 224.f});
    some[2] = at::tensor({5.f, 5.f, 453.f, 453.f});
    RoiPoolerOptions options;
    CHECK(tests::integers(pyramid_level(some, options)) == tests::oracle::levels);
    options.torchvision_levels = true;
    CHECK(tests::integers(pyramid_level(some, options)) == tests::oracle::levels);
    options.strides = {2, 4, 8, 16};  // a patch of 8 pixels: the same strides are one place further on
    CHECK(pyramid_level(at::tensor({0.f, 0.f, 112.f, 112.f}).view({1, 4}), options).item<std::int64_t>() == 2);
  }

  TEST_CASE("gradients of the losses are those of finite differences") {
    FasterRcnnOptions options = with_all_samples(torchvision_options(shape));
    options.rpn.most_before_nms_training = 0;  // proposals jump with the features: only true boxes are pooled here
    FasterRcnn detector(options);
    tests::fill_by_name(detector);
    detector.to(at::kDouble);
    const std::vector<at::Tensor> maps = levels(at::kDouble);
    const auto value = [&] { return sum(detector.losses(maps, size, boxes(), labels(), generator())); };
    value().backward();
    at::NoGradGuard no_grad;
    for (const std::size_t level : {0, 1, 3}) {
      const at::Tensor noise = tests::hashed(maps[level].sizes(), "direction").to(at::kDouble);
      const double expected = (maps[level].grad() * noise).sum().item<double>(), step = 1e-5;
      maps[level].add_(noise, step);
      const double above = value().item<double>();
      maps[level].sub_(noise, 2 * step);
      const double below = value().item<double>();
      maps[level].add_(noise, step);
      CHECK(std::abs((above - below) / (2 * step) / expected - 1) < 1e-5);
    }
  }

  TEST_CASE("float32 gradients are those of float64") {
    std::vector<std::vector<double>> prints;
    for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
      FasterRcnnOptions options = with_all_samples(detectron2_options(shape));
      options.roi.head.convolutions = 4;
      FasterRcnn detector(options);
      tests::fill_by_name(detector);
      detector.to(type);
      const std::vector<at::Tensor> maps = levels(type);
      sum(detector.losses(maps, size, boxes(), labels(), generator())).backward();
      std::vector<at::Tensor> gradients;
      for (const at::Tensor& parameter : detector.parameters())
        gradients.push_back(parameter.grad() / parameter.grad().norm());
      prints.push_back(fingerprints(gradients, 2));
    }
    CHECK(worst(prints[0], prints[1], 3) < 1e-3);
  }

  TEST_CASE("a batch without any box trains; truth that cannot be trained on is named") {
    FasterRcnn detector(detectron2_options(shape));
    initialise(detector, 1);
    const std::vector<at::Tensor> none(3, at::zeros({0, 4})), unlabelled(3, at::zeros({0}, at::kLong));
    const Bag losses = detector.losses(levels(), size, none, unlabelled, generator());
    CHECK(losses.at("rpn_box").item<double>() == 0);
    CHECK(losses.at("roi_box").item<double>() == 0);
    CHECK(losses.at("roi_class").item<double>() > 0);
    sum(losses).backward();
    for (const at::Tensor& parameter : detector.parameters()) CHECK(parameter.grad().isfinite().all().item<bool>());

    std::vector<at::Tensor> flat = boxes(), foreign = labels();
    flat[0] = at::tensor({5., 5., 5., 9., 1., 1., 2., 2.}, at::kFloat).view({2, 4});
    CHECK_THROWS_WITH_AS(detector.losses(levels(), size, flat, labels(), generator()),
                         "image 0 of the batch has a box without area: leave it out", std::invalid_argument);
    foreign[1] = at::tensor({2}, at::kLong);
    CHECK_THROWS_AS(detector.losses(levels(), size, boxes(), foreign, generator()), std::invalid_argument);
  }

  TEST_CASE("first weights follow seed and name, predictions small, and leave the global generator alone") {
    FasterRcnn one(detectron2_options(shape)), two(detectron2_options(shape));
    const at::Tensor before = at::detail::getDefaultCPUGenerator().get_state();
    initialise(one, 7);
    initialise(two, 7);
    CHECK(at::equal(before, at::detail::getDefaultCPUGenerator().get_state()));
    for (const auto& item : one.named_parameters()) CHECK(at::equal(item.value(), two.named_parameters()[item.key()]));
    const auto deviation = [&](const char* name) { return one.named_parameters()[name].std().item<double>(); };
    CHECK(std::abs(deviation("rpn.convs.0.weight") / 0.01 - 1) < 0.15);
    CHECK(std::abs(deviation("roi.head.class.weight") / 0.01 - 1) < 0.15);
    CHECK(std::abs(deviation("roi.head.box.weight") / 0.001 - 1) < 0.15);
    CHECK(std::abs(deviation("roi.head.fc.0.weight") * std::sqrt(8.0 * 49) - 1) < 0.15);
  }
}
