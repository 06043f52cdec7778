#include "checks.hpp"
#include "fake_step.hpp"

#include "model/vit.hpp"
#include "sdk/head.hpp"
#include "train/device.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

namespace vaso::contract {
namespace {

model::VitShape encoder_shape(const RunShape& shape) {
  model::VitShape vit;
  vit.image_size = shape.image_size;
  vit.patch_size = shape.patch_size;
  vit.dim = shape.encoder_dim;
  vit.depth = shape.encoder_depth;
  vit.heads = shape.encoder_heads;
  return vit;
}

// One label, or several: a head may refuse one of the two, but not both.
std::vector<std::string> accepted_labels(const Subject& subject, Report& report) {
  std::vector<std::string> accepted;
  for (const std::vector<std::string>& labels : {std::vector<std::string>{"b", "a", "c"}, {"a"}}) {
    try {
      subject.make<Head>()->network(labels);
      accepted = labels;
    } catch (const ParameterError& refusal) {
      report.check(std::string(refusal.what()).size() > 20, "a refusal of labels says why");
    }
  }
  report.check(!accepted.empty(), "one label or three make a network");
  try {
    subject.make<Head>()->network({});
    report.fail("a head without labels was made");
  } catch (const ParameterError&) {
    report.check(true, "no labels are refused");
  }
  return accepted;
}

// Squares that are brighter than the rest; the second image has none.
LabelledBatch squares(const RunShape& shape, std::int64_t labels) {
  const std::int64_t side = shape.image_size;
  LabelledBatch batch;
  batch.image = at::zeros({2, 3, side, side});
  batch.masks = at::zeros({2, labels, side, side});
  const std::int64_t from = side / 4, size = side / 2;
  batch.image[0].narrow(1, from, size).narrow(2, from, size).fill_(1.0);
  batch.masks[0][0].narrow(0, from, size).narrow(1, from, size).fill_(1.0);
  const auto edge = static_cast<float>(from), far = static_cast<float>(from + size);
  batch.boxes = {at::tensor({edge, edge, far, far}).view({1, 4}), at::empty({0, 4})};
  batch.labels = {at::zeros({1}, at::kLong), at::empty({0}, at::kLong)};
  return batch;
}

void check_answers(Head& head, const HeadNetworks& networks, const LabelledBatch& batch, std::int64_t labels,
                   Report& report) {
  const c10::NoGradGuard no_gradient;
  const std::int64_t side = batch.image.size(-1), images = batch.image.size(0);
  if (head.answer() == Head::Answer::masks) {
    report.doing("logits()");
    const at::Tensor logits = head.logits(networks, batch.image);
    report.check(logits.dim() == 4 && logits.size(0) == images && logits.size(2) == side && logits.size(3) == side,
                 "logits are B×K×S×S");
    report.check(logits.isfinite().all().item<bool>(), "logits are finite");
    report.check(same(head.logits(networks, batch.image), logits), "the same image gives the same logits");
    report.doing("masks()");
    const at::Tensor larger = at::upsample_bilinear2d(logits, {side + 3, side + 5}, false);
    const at::Tensor masks = head.masks(larger);
    report.check(masks.scalar_type() == at::kBool && masks.dim() == 4 && masks.size(1) == labels &&
                     masks.size(2) == side + 3 && masks.size(3) == side + 5,
                 "masks are B×C×h×w bool, at any size");
    return;
  }
  report.doing("detect()");
  const std::vector<Detections> found = head.detect(networks, batch.image);
  report.check(static_cast<std::int64_t>(found.size()) == images, "there is an answer for each image");
  for (const Detections& each : found) {
    const std::int64_t count = each.boxes.size(0);
    report.check(each.boxes.dim() == 2 && each.boxes.size(1) == 4 && each.scores.numel() == count &&
                     each.labels.numel() == count && each.labels.scalar_type() == at::kLong,
                 "boxes, scores and labels are as many");
    if (count == 0) continue;
    report.check(each.boxes.ge(0).all().item<bool>() && each.boxes.le(static_cast<double>(side)).all().item<bool>(),
                 "boxes lie within the input");
    report.check(each.labels.ge(0).all().item<bool>() && each.labels.lt(labels).all().item<bool>(),
                 "labels are among those that the head was made for");
    report.check(count == 1 || each.scores.diff().le(0).all().item<bool>(), "scores fall");
  }
}

}  // namespace

void check_head(const Subject& subject, Report& report) {
  report.doing("network()");
  const std::vector<std::string> labels = accepted_labels(subject, report);
  if (labels.empty()) return;
  const auto head = subject.make<Head>();
  const auto network = head->network(labels), twin = head->network(labels);
  head->initialise(*network, 3);
  head->initialise(*twin, 3);
  const auto weights = network->parameters(), twin_weights = twin->parameters();
  bool equal = weights.size() == twin_weights.size();
  for (std::size_t i = 0; equal && i < weights.size(); ++i) equal = same(weights[i].detach(), twin_weights[i].detach());
  report.check(equal, "one seed gives the same first weights every time");

  model::Vit encoder(encoder_shape(subject.shape));
  model::initialise(encoder, 5);
  const HeadNetworks networks{head->uses_encoder() ? &encoder : nullptr, network.get()};
  const auto count = static_cast<std::int64_t>(labels.size());
  LabelledBatch batch = squares(subject.shape, count);
  if (head->answer() == Head::Answer::boxes) batch.masks = at::Tensor();

  report.doing("losses()");
  network->train();
  const auto losses = [&](std::uint64_t seed) {
    return head->losses(networks, batch, train::make_generator(c10::kCPU, seed));
  };
  const Bag terms = losses(1);
  report.check(!terms.empty(), "there is a loss");
  at::Tensor total = at::zeros({});
  for (const auto& [name, term] : terms) {
    report.check(term.dim() == 0 && term.isfinite().item<bool>() && term.requires_grad(),
                 fmt::format("the loss `{}` is a finite scalar with gradient", name));
    total = total + term;
  }
  total.backward();
  std::int64_t reached = 0;
  for (const at::Tensor& parameter : network->parameters()) {
    if (!parameter.grad().defined()) continue;
    ++reached;
    report.check(parameter.grad().isfinite().all().item<bool>(), "gradients are finite");
  }
  report.check(reached > 0, "the gradient reaches the head");
  if (head->uses_encoder()) {
    const auto below = encoder.named_parameters()["patch_embed.proj.weight"].grad();
    report.check(below.defined() && below.abs().sum().item<double>() > 0, "the gradient reaches the encoder");
  }

  network->eval();
  encoder.eval();
  check_answers(*head, networks, batch, count, report);
}

}  // namespace vaso::contract
