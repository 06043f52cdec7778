#include "model/segmentation_head.hpp"
#include "model/segmentation_decoder.hpp"
#include "model/test_support.hpp"
#include "model/vit.hpp"
#include "train/device.hpp"
#include "train/optimizer.hpp"

#include <doctest/doctest.h>

using namespace vaso;
using model::LabelMode;

namespace {

class AnyLabels final : public model::SegmentationHead {
 public:
  using SegmentationHead::SegmentationHead;

 private:
  void accept(const std::vector<std::string>&) const override {}
};

RunShape tiny_run() {
  RunShape run;
  run.image_size = 32;
  run.patch_size = 4;
  run.encoder_dim = 24;
  run.encoder_depth = 4;
  run.encoder_heads = 3;
  return run;
}

std::shared_ptr<model::Vit> encoder(bool windows = false) {
  const RunShape run = tiny_run();
  model::VitShape shape;
  shape.image_size = run.image_size;
  shape.patch_size = run.patch_size;
  shape.dim = run.encoder_dim;
  shape.depth = run.encoder_depth;
  shape.heads = run.encoder_heads;
  if (windows) {
    shape.window = 3;
    shape.global_blocks = {3};
  }
  auto vit = std::make_shared<model::Vit>(shape);
  model::initialise(*vit, 1);
  return vit;
}

// Two images: a bright disc, and a bright bar with a darker one across it. Label 0 is what is bright, label 1 the
// second bar, which overlaps the first.
LabelledBatch two_images(std::int64_t labels) {
  const at::Tensor y = at::arange(32, at::kFloat).reshape({32, 1}) - 15.5, x = at::arange(32, at::kFloat) - 15.5;
  LabelledBatch batch;
  batch.masks = at::zeros({2, labels, 32, 32});
  batch.masks[0][0] = ((y + 3).square() + (x - 2).square()).lt(90).to(at::kFloat);
  batch.masks[1][0] = ((y.abs() < 6).expand({32, 32})).to(at::kFloat);
  at::Tensor brightness = batch.masks.select(1, 0).clone();
  if (labels > 1) {
    batch.masks[1][1] = (((x - 4).abs() < 5).expand({32, 32})).to(at::kFloat);
    brightness[1] += 0.6 * batch.masks[1][1];
  }
  batch.image = (2 * brightness.unsqueeze(1) - 1).expand({2, 3, 32, 32}) + 0.2 * tests::waves({2, 3, 32, 32}, 1.7);
  return batch;
}

// 2|P∩G| / (|P| + |G|) over both images, the least of all labels.
double dice(const at::Tensor& masks, const at::Tensor& truth) {
  const at::Tensor p = masks.to(at::kDouble), g = truth.to(at::kDouble);
  return (2 * (p * g).sum({0, 2, 3}) / (p.sum({0, 2, 3}) + g.sum({0, 2, 3}))).min().item<double>();
}

// Trains until the Dice of the masks exceeds .95, or 300 steps have passed. Returns that Dice.
double overfit(model::SegmentationHead& head, const LabelledBatch& batch, const at::Tensor& truth,
               const std::vector<std::string>& labels, bool windows = false) {
  const auto network = head.network(labels);
  head.initialise(*network, 2);
  const auto vit = head.uses_encoder() ? encoder(windows) : nullptr;
  const HeadNetworks networks{vit.get(), network.get()};
  std::vector<train::NamedParameter> trained;
  for (const auto& item : network->named_parameters()) trained.push_back({"head." + item.key(), item.value()});
  if (vit) {
    for (const auto& item : vit->named_parameters()) {
      if (item.value().requires_grad()) trained.push_back({item.key(), item.value()});
    }
  }
  train::AdamW optimizer(trained, {});
  double reached = 0;
  for (int step = 0; step < 300 && reached <= 0.95; ++step) {
    optimizer.zero_grad();
    at::Tensor total = at::zeros({});
    for (const auto& [name, loss] : head.losses(networks, batch, train::make_generator(c10::kCPU, 1)))
      total = total + loss;
    total.backward();
    optimizer.step(3e-3);
    if (step % 10 != 9) continue;
    network->eval();
    at::NoGradGuard no_grad;
    reached = dice(head.masks(head.logits(networks, batch.image)), truth);
    network->train();
  }
  return reached;
}

model::SegmentationParams with(const std::string& decoder) {
  model::SegmentationParams params;
  params.decoder = decoder;
  if (decoder != "linear") params.channels = 8;
  return params;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("every decoder overfits two images to a Dice above .95") {
    const LabelledBatch batch = two_images(1);
    for (const char* decoder : {"unet_adapter", "upernet", "linear", "unet"}) {
      CAPTURE(decoder);
      AnyLabels head(with(decoder), tiny_run());
      CHECK(head.uses_encoder() == (std::string(decoder) != "unet"));
      CHECK(overfit(head, batch, batch.masks, {"vessel"}) > 0.95);
    }
  }

  TEST_CASE("so does it with windows and centre lines, and without the image") {
    const LabelledBatch batch = two_images(1);
    auto params = with("unet_adapter");
    params.image_branch = false;
    params.cl_dice_weight = 0.5;
    params.norm = "gn";
    params.dropout = 0.1;
    params.layers = {3, 2, 1, 0, 0};
    AnyLabels head(params, tiny_run());
    CHECK(overfit(head, batch, batch.masks, {"vessel"}, /*windows=*/true) > 0.95);
  }

  TEST_CASE("labels that overlap: both found with sigmoids, the later one on top with softmax") {
    const LabelledBatch batch = two_images(2);
    AnyLabels each(with("unet_adapter"), tiny_run(), LabelMode::multilabel);
    CHECK(overfit(each, batch, batch.masks, {"1", "2"}) > 0.95);

    at::Tensor on_top = batch.masks.clone();
    on_top.select(1, 0).mul_(1 - on_top.select(1, 1));
    AnyLabels one(with("unet_adapter"), tiny_run(), LabelMode::softmax);
    CHECK(overfit(one, batch, on_top, {"1", "2"}) > 0.95);
  }

  TEST_CASE("losses by name and weight; those of no weight are not computed") {
    const LabelledBatch batch = two_images(2);
    auto params = with("unet");
    params.cl_dice_weight = 0.5;
    const auto losses = [&](const model::SegmentationParams& params, LabelMode mode, bool background = false) {
      AnyLabels head(params, tiny_run(), mode, background);
      const auto network = head.network({"1", "2"});
      head.initialise(*network, 1);
      return head.losses({nullptr, network.get()}, batch, {});
    };
    const Bag all = losses(params, LabelMode::multilabel);
    REQUIRE(all.size() == 3);
    auto doubled = params;
    doubled.pixel_weight = 2;
    doubled.dice_weight = 0;
    const Bag some = losses(doubled, LabelMode::multilabel);
    CHECK(some.count("dice") == 0);
    CHECK(some.at("bce").item<double>() == doctest::Approx(2 * all.at("bce").item<double>()));
    CHECK(some.at("cl_dice").item<double>() == doctest::Approx(all.at("cl_dice").item<double>()));
    const Bag softmax = losses(params, LabelMode::softmax), background = losses(params, LabelMode::softmax, true);
    CHECK(softmax.count("ce") == 1);
    CHECK(background.at("ce").item<double>() == softmax.at("ce").item<double>());
    CHECK(background.at("dice").item<double>() < softmax.at("dice").item<double>());  // most of an image is background
  }

  TEST_CASE("before the first step every label has the probability of the prior, or as much as any other") {
    const LabelledBatch batch = two_images(1);
    const at::Tensor noise = tests::waves(batch.image.sizes(), 0.3);
    const auto vit = encoder();
    const auto at_start = [&](model::SegmentationParams params, double prior, LabelMode mode) {
      params.prior = prior;
      if (params.decoder != "linear") params.norm = "gn";  // statistics of bn are those of no image yet
      AnyLabels head(params, tiny_run(), mode);
      const auto network = head.network({"1", "2", "3"});
      head.initialise(*network, 4);
      network->eval();
      const at::NoGradGuard no_gradient;
      const at::Tensor logits = head.logits({vit.get(), network.get()}, noise);
      return mode == LabelMode::softmax ? at::softmax(logits, 1).narrow(1, 1, 3) : at::sigmoid(logits);
    };
    for (const char* decoder : {"unet_adapter", "upernet", "linear", "unet"}) {
      CAPTURE(decoder);
      for (const LabelMode mode : {LabelMode::multilabel, LabelMode::softmax}) {
        CHECK(at_start(with(decoder), 0.02, mode).mean().item<double>() == doctest::Approx(0.02).epsilon(0.2).scale(0));
        const double undecided = mode == LabelMode::softmax ? 0.25 : 0.5;
        CHECK(at_start(with(decoder), 0, mode).mean().item<double>() ==
              doctest::Approx(undecided).epsilon(0.1).scale(0));
      }
    }
    auto params = with("unet");
    params.prior = 0.34;
    AnyLabels full(params, tiny_run(), LabelMode::softmax);
    CHECK_THROWS_WITH_AS(full.network({"1", "2", "3"}), doctest::Contains("stay below 0.333"), ParameterError);
    CHECK_NOTHROW(full.network({"1", "2"}));
  }

  TEST_CASE("masks of logits: by threshold, or the most probable label") {
    auto params = with("unet");
    params.threshold = 0.7;
    const AnyLabels each(params, tiny_run());
    const at::Tensor logits = at::tensor({0.8f, 0.9f, -3.0f}).reshape({1, 3, 1, 1});  // sigmoids .690, .711
    CHECK(at::equal(each.masks(logits).flatten(), at::tensor({0, 1, 0}).to(at::kBool)));
    const AnyLabels one(with("unet"), tiny_run(), LabelMode::softmax);
    CHECK(at::equal(one.masks(logits).flatten(), at::tensor({1, 0}).to(at::kBool)));  // channel 0 is the background
    CHECK(one.masks(-logits).flatten().any().item<bool>());
    CHECK_FALSE(one.masks(logits.flip({1}) * at::tensor({-1.0f, 0.0f, 0.0f}).reshape({1, 3, 1, 1})).any().item<bool>());
  }

  TEST_CASE("parameters that do not go together name the field") {
    const auto refused = [](const model::SegmentationParams& params, const RunShape& run = tiny_run()) {
      try {
        const AnyLabels head(params, run);
      } catch (const ParameterError& error) {
        return error.field();
      }
      return std::string("nothing");
    };
    const auto changed = [](const char* decoder, auto change) {
      model::SegmentationParams params;
      params.decoder = decoder;
      change(params);
      return params;
    };
    using P = model::SegmentationParams;
    CHECK(refused(P{}) == "nothing");
    CHECK(refused(changed("unet", [](P& p) { p.layers = {1}; })) == "layers");
    CHECK(refused(changed("upernet", [](P& p) { p.layers = {1, 2}; })) == "layers");
    CHECK(refused(changed("unet_adapter", [](P& p) { p.layers = {1, 2}; })) == "layers");
    CHECK(refused(changed("linear", [](P& p) { p.layers = {4}; })) == "layers");
    CHECK(refused(changed("linear", [](P& p) { p.channels = 4; })) == "channels");
    CHECK(refused(changed("upernet", [](P& p) { p.up = "bilinear"; })) == "up");
    CHECK(refused(changed("upernet", [](P& p) { p.image_branch = false; })) == "image_branch");
    CHECK(refused(changed("unet", [](P& p) { p.dice_weight = p.pixel_weight = 0; })) == "dice_weight");
    RunShape odd = tiny_run();
    odd.image_size = 40;
    CHECK(refused(changed("unet", [](P&) {}), odd) == "decoder");
  }
}
