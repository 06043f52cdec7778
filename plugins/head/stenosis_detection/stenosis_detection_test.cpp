#include "support/plugins.hpp"

#include "model/vit.hpp"
#include "sdk/head.hpp"
#include "sdk/schema.hpp"
#include "train/optimizer.hpp"
#include "train/torch_compat.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <doctest/doctest.h>

#include <algorithm>

using namespace vaso;

namespace {

constexpr std::int64_t side = 64;

RunShape tiny_run() {
  RunShape run;
  run.image_size = side;
  run.patch_size = 8;
  run.encoder_dim = 48;
  run.encoder_depth = 2;
  run.encoder_heads = 2;
  return run;
}

std::shared_ptr<model::Vit> tiny_encoder() {
  const RunShape run = tiny_run();
  model::VitShape shape;
  shape.image_size = run.image_size;
  shape.patch_size = run.patch_size;
  shape.dim = run.encoder_dim;
  shape.depth = run.encoder_depth;
  shape.heads = run.encoder_heads;
  const auto encoder = std::make_shared<model::Vit>(shape);
  model::initialise(*encoder, 1, "encoder.");
  return encoder;
}

std::shared_ptr<Head> head(const std::string& toml, const RunShape& run = tiny_run()) {
  return tests::make_plugin<Head>("head.stenosis_detection", toml, run);
}

at::Generator generator(std::uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

// Dark images with bright rectangles: two, one, one and two; of two labels, told apart by their shape.
LabelledBatch rectangles() {
  const std::vector<std::vector<std::array<std::int64_t, 5>>> scenes = {
      {{6, 8, 22, 20, 0}, {40, 30, 50, 54, 1}},
      {{30, 12, 46, 23, 0}},
      {{14, 34, 25, 58, 1}},
      {{4, 40, 12, 60, 1}, {36, 6, 58, 20, 0}},
  };
  LabelledBatch batch;
  batch.image = at::full({static_cast<std::int64_t>(scenes.size()), 3, side, side}, -1.0);
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    std::vector<at::Tensor> boxes, labels;
    for (const auto& [left, top, right, bottom, label] : scenes[i]) {
      batch.image[static_cast<std::int64_t>(i)].slice(1, top, bottom).slice(2, left, right).fill_(1.0);
      boxes.push_back(at::tensor({left, top, right, bottom}, at::kLong).to(at::kFloat));
      labels.push_back(at::tensor({label}, at::kLong));
    }
    batch.boxes.push_back(at::stack(boxes));
    batch.labels.push_back(at::cat(labels));
  }
  return batch;
}

double iou(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor low = at::maximum(a.narrow(0, 0, 2), b.narrow(0, 0, 2));
  const at::Tensor sides = (at::minimum(a.narrow(0, 2, 2), b.narrow(0, 2, 2)) - low).clamp_min(0);
  const auto area = [](const at::Tensor& box) { return (box.narrow(0, 2, 2) - box.narrow(0, 0, 2)).prod(); };
  const at::Tensor shared = sides.prod();
  return (shared / (area(a) + area(b) - shared)).item<double>();
}

// AP at IoU .5 is 1 exactly when every true box is found and all of these outscore every other detection.
struct Ranking {
  double least_true = 1, most_false = 0;
  std::int64_t missed = 0;
};
Ranking rank(const std::vector<Detections>& found, const LabelledBatch& truth) {
  Ranking ranking;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::int64_t count = truth.boxes[i].size(0);
    std::vector<bool> taken(static_cast<std::size_t>(count));
    for (std::int64_t d = 0; d < found[i].boxes.size(0); ++d) {  // by falling score
      const double score = found[i].scores[d].item<double>();
      bool hit = false;
      for (std::int64_t t = 0; t < count && !hit; ++t) {
        hit = !taken[static_cast<std::size_t>(t)] && iou(found[i].boxes[d], truth.boxes[i][t]) >= 0.5 &&
              found[i].labels[d].item<std::int64_t>() == truth.labels[i][t].item<std::int64_t>();
        if (hit) taken[static_cast<std::size_t>(t)] = true;
      }
      if (hit) ranking.least_true = std::min(ranking.least_true, score);
      if (!hit) ranking.most_false = std::max(ranking.most_false, score);
    }
    ranking.missed += std::count(taken.begin(), taken.end(), false);
  }
  return ranking;
}

at::Tensor sum(const Bag& losses) {
  at::Tensor total = at::zeros({});
  for (const auto& [name, loss] : losses) total = total + loss;
  return total;
}

constexpr const char* tiny =
    "channels = 32\nbox_width = 64\nanchor_sizes = [6, 12, 24, 48, 96]\nrpn_convolutions = 1\nproposals = 50\n"
    "roi_samples = 32\nrpn_samples = 64\n";

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("on a tiny encoder it learns four images by heart: every box found, none beside them scores as high") {
    const auto detection = head(tiny);
    const auto encoder = tiny_encoder();
    const auto network = detection->network({"wide", "tall"});
    detection->initialise(*network, 1);
    const HeadNetworks networks{encoder.get(), network.get()};
    const LabelledBatch batch = rectangles();

    std::vector<train::NamedParameter> parameters;
    for (const auto& item : encoder->named_parameters()) {
      if (item.value().requires_grad()) parameters.push_back({"encoder." + item.key(), item.value()});
    }
    for (const auto& item : network->named_parameters()) parameters.push_back({"head." + item.key(), item.value()});
    train::AdamW optimizer(parameters, {0.9, 0.999, 1e-8, 0.0});
    encoder->train();
    network->train();
    constexpr std::int64_t steps = 180;
    for (std::int64_t step = 0; step < steps; ++step) {
      optimizer.zero_grad();
      sum(detection->losses(networks, batch, generator(static_cast<std::uint64_t>(step)))).backward();
      optimizer.clip(5);
      optimizer.step(train::warmup_cosine(static_cast<double>(step), 2e-3, 1e-5, 10, steps));
    }
    encoder->eval();
    network->eval();
    const Ranking ranking = rank(detection->detect(networks, batch.image), batch);
    CHECK(ranking.missed == 0);
    CHECK(ranking.least_true > ranking.most_false);
    CHECK(ranking.least_true > 0.5);
  }

  TEST_CASE("the same batch and generator give the same losses, another generator others; the encoder learns") {
    const auto detection = head(tiny);
    const auto encoder = tiny_encoder();
    const auto network = detection->network({"wide", "tall"});
    detection->initialise(*network, 1);
    const HeadNetworks networks{encoder.get(), network.get()};
    LabelledBatch batch = rectangles();
    batch.boxes[1] = at::zeros({0, 4});  // an image without a lesion among the others
    batch.labels[1] = at::zeros({0}, at::kLong);
    const Bag once = detection->losses(networks, batch, generator(1)),
              again = detection->losses(networks, batch, generator(1));
    CHECK(once.size() == 4);
    for (const auto& [name, loss] : once) CHECK(at::equal(loss, again.at(name)));
    CHECK_FALSE(at::equal(sum(once), sum(detection->losses(networks, batch, generator(2)))));
    sum(once).backward();
    for (const auto& item : encoder->named_parameters()) {
      if (!item.value().requires_grad() || item.key().starts_with("norm.")) continue;  // the map is taken before it
      CAPTURE(item.key());
      REQUIRE(item.value().grad().defined());
      CHECK(item.value().grad().abs().max().item<double>() > 0);
    }
  }

  TEST_CASE("where an anchor needs less overlap, the proposal network has more examples of a box") {
    const auto encoder = tiny_encoder();
    const auto box_loss = [&](const char* more) {
      const auto detection = head(std::string(tiny) + more);
      const auto network = detection->network({"wide", "tall"});
      detection->initialise(*network, 1);
      const HeadNetworks networks{encoder.get(), network.get()};
      return detection->losses(networks, rectangles(), generator(1)).at("rpn_box").item<double>();
    };
    // A sum over the examples, divided by the fixed number of samples; predictions are nearly zero before training.
    const double few = box_loss(""), more = box_loss("rpn_positive_iou = 0.5\n");
    CHECK(few == box_loss("rpn_positive_iou = 0.7\n"));
    CHECK(more > 1.5 * few);
    CHECK_THROWS(head(std::string(tiny) + "rpn_positive_iou = 0.2\n"));
  }

  TEST_CASE("the ResNet-50 needs no encoder; boxes stay inside the image and are few enough") {
    const auto detection = head(
        "backbone = \"resnet50_fpn\"\nconventions = \"torchvision\"\nbox_head = \"conv\"\n"
        "channels = 16\nbox_width = 16\nroi_samples = 8\nscore_threshold = 0\ndetections = 7\n");
    CHECK_FALSE(detection->uses_encoder());
    CHECK(detection->answer() == Head::Answer::boxes);
    const auto network = detection->network({"stenosis"});
    detection->initialise(*network, 1);
    const HeadNetworks networks{nullptr, network.get()};
    LabelledBatch batch = rectangles();
    for (at::Tensor& labels : batch.labels) labels.zero_();
    sum(detection->losses(networks, batch, generator(1))).backward();
    for (const auto& item : network->named_parameters()) {
      CAPTURE(item.key());
      CHECK(item.value().grad().isfinite().all().item<bool>());
    }
    network->eval();
    const std::vector<Detections> found = detection->detect(networks, batch.image);
    REQUIRE(found.size() == 4);
    for (const Detections& one : found) {
      CHECK(one.boxes.size(0) == 7);
      CHECK(one.boxes.ge(0).logical_and(one.boxes.le(side)).all().item<bool>());
      CHECK(one.scores.diff().le(0).all().item<bool>());
      CHECK(one.labels.eq(0).all().item<bool>());
    }
  }

  TEST_CASE("in bf16 both backbones give losses and gradients that are numbers") {
    for (const std::string backbone : {"vit", "resnet50_fpn"}) {
      CAPTURE(backbone);
      const auto detection = head(tiny + ("backbone = \"" + backbone + "\"\nbox_head = \"conv\"\n"));
      const auto encoder = tiny_encoder();
      const auto network = detection->network({"wide", "tall"});
      detection->initialise(*network, 1);
      const HeadNetworks networks{encoder.get(), network.get()};
      compat::enable_autocast(c10::kCPU, at::kBFloat16, true);
      const at::Tensor loss = sum(detection->losses(networks, rectangles(), generator(1)));
      const std::vector<Detections> found = detection->detect(networks, rectangles().image);
      compat::enable_autocast(c10::kCPU, at::kBFloat16, false);
      at::autocast::clear_cache();
      CHECK((loss.scalar_type() == at::kFloat));
      loss.backward();
      for (const at::Tensor& parameter : network->parameters()) CHECK(parameter.grad().isfinite().all().item<bool>());
      CHECK(found.size() == 4);
    }
  }

  TEST_CASE("what does not go together is refused") {
    CHECK_THROWS_AS(head("")->network({}), ParameterError);
    CHECK_THROWS_AS(head("anchor_ratios = []"), ParameterError);
    CHECK_THROWS(head("anchor_sizes = [16, 32]"));
    RunShape odd = tiny_run();
    odd.patch_size = 14;
    odd.image_size = 56;
    CHECK_THROWS_AS(head("", odd), ParameterError);
    CHECK_NOTHROW(head("backbone = \"resnet50_fpn\"", odd));
  }
}
