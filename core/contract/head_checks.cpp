#include "contract/checks.hpp"
#include "contract/each_scene.hpp"
#include "contract/gradients.hpp"
#include "contract/tensors.hpp"

#include "model/vit.hpp"
#include "sdk/head.hpp"
#include "train/device.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vaso::contract {
namespace {

using Labels = std::vector<std::string>;

constexpr std::uint64_t first_seed = 3;

struct Made {
  Labels labels;
  std::shared_ptr<Head> head;
  std::shared_ptr<torch::nn::Module> network;
};

// For several labels or one: a head may refuse one of the two, but not both.
Made make_head(const Subject& subject, const RunShape& shape) {
  for (const Labels& labels : {Labels{"b", "a", "c"}, {"a"}}) {
    try {
      const auto head = subject.make<Head>(shape);
      return {labels, head, head->network(labels)};
    } catch (const ParameterError&) {
    }
  }
  throw std::runtime_error("it makes a network neither for one label nor for three");
}

std::vector<at::Tensor> tensors_of(const torch::nn::Module& network) {
  std::vector<at::Tensor> all = network.parameters();
  for (const at::Tensor& buffer : network.buffers()) all.push_back(buffer);
  return all;
}

// Drawn once for an image and patch size: that takes longer than a step does.
void give_first_weights(const Subject& subject, const Head& head, const RunShape& shape, torch::nn::Module& network) {
  const c10::NoGradGuard no_gradient;
  const std::vector<at::Tensor> own = tensors_of(network);
  const auto& first = subject.once(fmt::format("first weights, {}/{}", shape.image_size, shape.patch_size), [&] {
    head.initialise(network, first_seed);
    std::vector<at::Tensor> copies;
    for (const at::Tensor& each : own) copies.push_back(each.detach().clone());
    return copies;
  });
  for (std::size_t i = 0; i < own.size(); ++i) own[i].copy_(first.at(i));
}

// A square that is brighter than the rest, in every image but the second of three; or in none, or all over.
LabelledBatch squares(const Scene& scene, std::int64_t labels, bool boxes) {
  const std::int64_t side = scene.shape.image_size, images = scene.images;
  LabelledBatch batch;
  batch.image = at::zeros({images, 3, side, side});
  const at::Tensor masks = at::zeros({images, labels, side, side});
  for (std::int64_t i = 0; i < images; ++i) {
    const bool none = scene.guidance == Scene::Guidance::empty || i % 3 == 1;
    const bool all = scene.guidance == Scene::Guidance::full;
    const std::int64_t from = all ? 0 : side / 4, size = all ? side : side / 2;
    if (!none) {
      batch.image[i].narrow(1, from, size).narrow(2, from, size).fill_(1.0);
      masks[i][0].narrow(0, from, size).narrow(1, from, size).fill_(1.0);
    }
    const auto edge = static_cast<float>(from), far = static_cast<float>(from + size);
    batch.boxes.push_back(none ? at::empty({0, 4}) : at::tensor({edge, edge, far, far}).view({1, 4}));
    batch.labels.push_back(at::zeros({none ? 0 : 1}, at::kLong));
  }
  if (!boxes) batch.masks = masks;
  return batch;
}

class Trial {
 public:
  Trial(const Subject& subject, const Scene& scene) : Trial(subject, scene, make_head(subject, scene.shape)) {}
  Trial(const Subject& subject, const Scene& scene, Made made)
      : labels(made.labels),
        head(made.head),
        network(made.network),
        encoder(encoder_shape(scene.shape)),
        networks{head->uses_encoder() ? &encoder : nullptr, network.get()},
        batch(squares(scene, static_cast<std::int64_t>(labels.size()), head->answer() == Head::Answer::boxes)) {
    give_first_weights(subject, *head, scene.shape, *network);
    model::initialise(encoder, 5);
    network->train();
  }

  at::Tensor total_loss(std::uint64_t seed = 1) {
    at::Generator generator = train::make_generator(device_, seed);
    const at::Tensor untouched = generator.get_state();
    at::Tensor total;
    for (const auto& [name, term] : losses(generator)) total = total.defined() ? total + term : term;
    drew = !generator.get_state().equal(untouched);
    return total;
  }
  Bag losses(const at::Generator& generator) { return head->losses(networks, batch, generator); }
  Bag losses() { return losses(train::make_generator(device_, 1)); }

  std::vector<at::Tensor> parameters() const {
    std::vector<at::Tensor> all = network->parameters();
    if (head->uses_encoder())
      for (const at::Tensor& parameter : encoder.parameters()) all.push_back(parameter);
    return all;
  }
  void evaluate() {
    network->eval();
    encoder.eval();
  }
  void to(c10::Device device) {
    device_ = device;
    network->to(device);
    encoder.to(device);
    batch.image = batch.image.to(device);
    if (batch.masks.defined()) batch.masks = batch.masks.to(device);
    for (at::Tensor& boxes : batch.boxes) boxes = boxes.to(device);
    for (at::Tensor& each : batch.labels) each = each.to(device);
  }

  Labels labels;
  std::shared_ptr<Head> head;
  std::shared_ptr<torch::nn::Module> network;
  model::Vit encoder;
  HeadNetworks networks;
  LabelledBatch batch;
  bool drew = false;

 private:
  c10::Device device_ = c10::kCPU;
};

Scene usual() { return {small_shape(), 3, Scene::Guidance::varied}; }
// For what is the same for every image.
Scene one_image() { return {small_shape(), 1, Scene::Guidance::varied}; }

void check_labels(const Subject& subject, Report& report) {
  int accepted = 0;
  for (const Labels& labels : {Labels{"b", "a", "c"}, {"a"}}) {
    report.doing(fmt::format("network() for {} label{}", labels.size(), labels.size() == 1 ? "" : "s"));
    try {
      subject.make<Head>(small_shape())->network(labels);
      ++accepted;
    } catch (const ParameterError& refusal) {
      report.expect(std::string(refusal.what()).size() > 20, "a refusal of labels says why", refusal.what());
    }
  }
  report.expect(accepted > 0, "one label or three make a network", "both are refused");
  report.doing("network() without labels");
  try {
    subject.make<Head>(small_shape())->network({});
    report.fail("no labels are refused", "a network was made for none");
  } catch (const ParameterError&) {
    report.expect(true, "no labels are refused");
  }
}

void check_first_weights(const Subject& subject, Report& report) {
  const Made made = make_head(subject, small_shape());
  report.doing("initialise()");
  const auto twin = made.head->network(made.labels);
  made.head->initialise(*twin, first_seed);
  give_first_weights(subject, *made.head, small_shape(), *made.network);
  const auto weights = made.network->parameters(), again = twin->parameters();
  bool equal = weights.size() == again.size();
  for (std::size_t i = 0; equal && i < weights.size(); ++i) {
    report.expect(all_finite(weights[i]), "first weights are finite");
    equal = same(weights[i].detach(), again[i].detach());
  }
  report.expect(equal, "one seed gives the same first weights every time");
}

void check_losses(const Subject& subject, Report& report) {
  const int served = each_scene([&](const Scene& scene) {
    Trial trial(subject, scene);
    report.doing("losses() with " + scene.text());
    const Bag terms = trial.losses();
    report.expect(!terms.empty(), "there is a loss");
    at::Tensor total = at::zeros({});
    for (const auto& [name, term] : terms) {
      const bool good = term.dim() == 0 && all_finite(term) && term.requires_grad();
      report.expect(good, "a loss is a finite scalar with gradient", fmt::format("`{}`: {}", name, text_of(term)));
      if (good) total = total + term;
    }
    if (!total.requires_grad()) return;
    total.backward();
    const auto gradients = gradients_of(trial.parameters());
    report.expect(std::all_of(gradients.begin(), gradients.end(), all_finite), "gradients are finite",
                  "some are NaN or infinite");
    if (scene.guidance != Scene::Guidance::varied) return;
    const auto learns = [](const std::vector<at::Tensor>& parameters) {
      const auto each = gradients_of(parameters);
      return std::any_of(each.begin(), each.end(), [](const at::Tensor& g) { return g.ne(0).any().item<bool>(); });
    };
    report.expect(learns(trial.network->parameters()), "the gradient reaches the head", "it is zero");
    if (trial.head->uses_encoder())
      report.expect(learns(trial.encoder.parameters()), "the gradient reaches the encoder", "it is zero");
  });
  report.note(fmt::format("{} batches", served));
}

void check_gradient(const Subject& subject, Report& report) {
  Trial trial(subject, usual());
  if (trial.head->answer() == Head::Answer::boxes) {
    report.skip("which boxes are learnt from depends on the weights in jumps: differences say nothing of the gradient");
    return;
  }
  report.doing("the gradient of losses() in float64");
  trial.network->to(at::kDouble);
  trial.encoder.to(at::kDouble);
  trial.batch.image = trial.batch.image.to(at::kDouble) + 0.1 * noise(trial.batch.image.sizes(), 7).to(at::kDouble);
  trial.batch.masks = trial.batch.masks.to(at::kDouble);
  expect_gradient([&] { return trial.total_loss(); }, trial.parameters(), "the weights", report);
}

void check_seeds(const Subject& subject, Report& report) {
  Trial first(subject, one_image()), second(subject, one_image());
  report.doing("losses()");
  const at::Tensor value = first.total_loss(1).detach();
  report.expect(same(second.total_loss(1).detach(), value), "one seed gives one loss");
  if (!first.drew) {
    report.note("it draws no random number");
    return;
  }
  for (const std::uint64_t seed : {2, 3, 4}) {
    Trial other(subject, one_image());
    if (!same(other.total_loss(seed).detach(), value)) return;
  }
  report.note("of so few pixels it chooses all, whatever the seed");
}

void expect_masks(Trial& trial, Report& report) {
  const std::int64_t side = trial.batch.image.size(-1), images = trial.batch.image.size(0);
  report.doing("logits()");
  const at::Tensor logits = trial.head->logits(trial.networks, trial.batch.image);
  const bool shaped = logits.dim() == 4 && logits.size(0) == images && logits.size(2) == side && logits.size(3) == side;
  report.expect(shaped, "logits are images × K × height × width", text_of(logits));
  if (!shaped) return;
  report.expect(all_finite(logits), "logits are finite");
  report.expect(same(trial.head->logits(trial.networks, trial.batch.image), logits),
                "the same image gives the same logits");
  report.doing("masks() at another size");
  const at::Tensor larger = at::upsample_bilinear2d(logits, {side + 3, side + 5}, false);
  const at::Tensor masks = trial.head->masks(larger);
  report.expect(masks.scalar_type() == at::kBool && masks.dim() == 4 &&
                    masks.size(1) == static_cast<std::int64_t>(trial.labels.size()) && masks.size(2) == side + 3 &&
                    masks.size(3) == side + 5,
                "masks are images × labels × height × width, bool, at any size", text_of(masks));
}

void expect_boxes(Trial& trial, Report& report) {
  const std::int64_t side = trial.batch.image.size(-1), images = trial.batch.image.size(0);
  report.doing("detect()");
  const std::vector<Detections> found = trial.head->detect(trial.networks, trial.batch.image);
  report.expect(static_cast<std::int64_t>(found.size()) == images, "there is an answer for each image",
                fmt::format("{} for {}", found.size(), images));
  for (const Detections& each : found) {
    const std::int64_t count = each.boxes.size(0);
    report.expect(each.boxes.dim() == 2 && each.boxes.size(1) == 4 && each.scores.numel() == count &&
                      each.labels.numel() == count && each.labels.scalar_type() == at::kLong,
                  "boxes are N×4, scores N, labels N int64",
                  fmt::format("{}, {}, {}", text_of(each.boxes), text_of(each.scores), text_of(each.labels)));
    if (count == 0) continue;
    report.expect(each.boxes.ge(0).all().item<bool>() && each.boxes.le(static_cast<double>(side)).all().item<bool>(),
                  "boxes lie within the input");
    report.expect(each.labels.ge(0).all().item<bool>() &&
                      each.labels.lt(static_cast<std::int64_t>(trial.labels.size())).all().item<bool>(),
                  "labels are among those that the head was made for");
    report.expect(count == 1 || each.scores.diff().le(0).all().item<bool>(), "scores fall");
  }
}

void check_answers(const Subject& subject, Report& report) {
  each_scene([&](const Scene& scene) {
    if (scene.guidance != Scene::Guidance::varied) return;
    const c10::NoGradGuard no_gradient;
    Trial trial(subject, scene);
    trial.evaluate();
    if (trial.head->answer() == Head::Answer::masks) {
      expect_masks(trial, report);
    } else {
      expect_boxes(trial, report);
    }
  });
}

void check_continuation(const Subject& subject, Report& report) {
  Trial first(subject, one_image()), second(subject, one_image());
  for (const std::uint64_t seed : {1, 2, 3}) first.total_loss(seed);
  report.doing("set_state() with what state() gave after three steps");
  second.head->set_state(through_a_file(first.head->state()));
  report.expect(same(second.head->state(), first.head->state()), "state(), set_state(), state() gives the same");
  const at::Tensor value = first.total_loss(4).detach(), resumed = second.total_loss(4).detach();
  report.expect(same(value, resumed), "a resumed run has the losses of an uninterrupted one",
                fmt::format("{} against {}", resumed.item<double>(), value.item<double>()));
}

void compare_devices(const Subject& subject, c10::Device other, Report& report) {
  Trial here(subject, usual()), there(subject, usual());
  there.to(other);
  report.doing("losses() on " + other.str());
  const at::Tensor value = here.total_loss(), elsewhere = there.total_loss();
  report.expect(all_finite(elsewhere), "the loss is finite on both devices");
  if (here.drew) {
    report.note("losses are not compared: it draws random numbers, which differ between devices");
    return;
  }
  const double error = relative_error(elsewhere, value);
  report.expect(error < 1e-3, "both devices give one loss", fmt::format("they differ by {:.2g}", error));
}

}  // namespace

std::vector<Check> head_checks() {
  return {
      {"labels", "Throw ParameterError(\"labels\", why) for labels that the head cannot serve, and for none.",
       check_labels},
      {"first weights", "Let initialise() draw from a generator of its own, made from `seed`.", check_first_weights},
      {"losses",
       "Serve any number of images, and images in which there is nothing to find: divide by no count that can be "
       "zero.",
       check_losses},
      {"gradient",
       "Compare backward() of your autograd functions with the derivative of what forward() computes; detach only "
       "targets.",
       check_gradient},
      {"seeds", "Draw random numbers from the `generator` argument alone.", check_seeds},
      {"answers", "See sdk/head.hpp for the shapes of logits, masks and boxes.", check_answers},
      {"save and load",
       "Put all that losses() depends on beyond parameters, networks and arguments into state(), and take it back in "
       "set_state().",
       check_continuation},
      device_check(compare_devices)};
}

}  // namespace vaso::contract
