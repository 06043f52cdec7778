// The whole pre-training step against values computed in float64 from VasoMIM's released code.
#include "model/mae_decoder.hpp"
#include "model/mim_losses.hpp"
#include "model/test_support.hpp"
#include "model/unext.hpp"
#include "model/weights.hpp"
#include "support/paths.hpp"
#include "train/optimizer.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <sstream>

using namespace vaso;
using tests::relative_error;

namespace {

struct Losses {
  at::Tensor total, reconstruction, consistency;
};

// The small VasoMIM that a file describes, in one floating-point type.
struct Fixture {
  Fixture(const std::filesystem::path& path, at::ScalarType type) : file(train::read_safetensors(path)), type(type) {
    vit.image_size = whole("img_size");
    vit.patch_size = whole("patch");
    vit.dim = whole("embed_dim");
    vit.depth = whole("depth");
    vit.heads = whole("heads");
    vit.mlp_ratio = real("mlp_ratio");
    vit.norm_eps = real("ln_eps");
    model::DecoderShape decoder_shape;
    decoder_shape.encoder_dim = vit.dim;
    decoder_shape.grid = vit.grid();
    decoder_shape.patch_values = 3 * vit.patch_size * vit.patch_size;
    decoder_shape.dim = whole("decoder_dim");
    decoder_shape.depth = whole("decoder_depth");
    decoder_shape.heads = whole("decoder_heads");
    decoder_shape.mlp_ratio = vit.mlp_ratio;
    decoder_shape.norm_eps = vit.norm_eps;
    norm_pix = file.metadata.at("norm_pix_loss") == "True";
    kept = static_cast<std::int64_t>(static_cast<double>(vit.grid() * vit.grid()) * (1.0 - real("mask_ratio")));

    encoder = std::make_shared<model::Vit>(vit);
    decoder = std::make_shared<model::MaeDecoder>(decoder_shape);
    segmentor = std::make_shared<model::UnextS>();
    const Bag stored = tests::part(file.tensors, "weight.");
    model::load_weights(*encoder, stored);
    model::load_weights(*decoder, stored);
    model::load_weights(*segmentor,
                        train::read_safetensors(tests::reference_dir() / "unext_s_official.safetensors").tensors);
    for (auto& parameter : segmentor->parameters()) parameter.requires_grad_(false);
    segmentor->eval();
    encoder->to(type);
    decoder->to(type);
    segmentor->to(type);
  }

  std::string text(const char* key) const { return file.metadata.at(key); }
  std::int64_t whole(const char* key) const { return std::stoll(text(key)); }
  double real(const char* key) const { return std::stod(text(key)); }
  at::Tensor stored(const std::string& name) const { return file.tensors.at(name); }

  MaskPlan plan(const at::Tensor& order) const {
    at::Tensor state = at::full(order.sizes(), MaskPlan::mask, at::kChar);
    state.scatter_(1, order.narrow(1, 0, kept), static_cast<std::int64_t>(MaskPlan::keep));
    return {state, {}};
  }

  Losses losses(const at::Tensor& pixels, const MaskPlan& mask) {
    const at::Tensor image = pixels.to(type);
    outputs = model::reconstruct(*encoder, *decoder, image, mask);
    const at::Tensor& prediction = outputs.at("prediction");
    {
      at::NoGradGuard no_grad;
      probability = at::sigmoid(segmentor->forward(image));
    }
    Losses losses;
    losses.reconstruction = model::reconstruction_loss(prediction, image, mask, vit.patch_size, norm_pix);
    const at::Tensor seen = model::reconstruct_image(prediction, image, vit.patch_size, norm_pix);
    losses.consistency = model::consistency_loss(segmentor->forward(seen), probability);
    losses.total = losses.reconstruction + losses.consistency;
    return losses;
  }

  std::vector<std::pair<std::string, at::Tensor>> parameters() const {
    std::vector<std::pair<std::string, at::Tensor>> all;
    for (const auto& item : encoder->named_parameters()) all.emplace_back(item.key(), item.value());
    for (const auto& item : decoder->named_parameters()) all.emplace_back(item.key(), item.value());
    return all;
  }

  train::TensorFile file;
  at::ScalarType type;
  model::VitShape vit;
  bool norm_pix = true;
  std::int64_t kept = 0;
  std::shared_ptr<model::Vit> encoder;
  std::shared_ptr<model::MaeDecoder> decoder;
  std::shared_ptr<model::UnextS> segmentor;
  Bag outputs;
  at::Tensor probability;
};

double relative(double value, double expected) { return std::abs(value - expected) / std::abs(expected); }

// float64 is held to what the file's float32 storage can show.
double tolerance(at::ScalarType type) { return type == at::kDouble ? 2e-7 : 1e-4; }

std::vector<std::filesystem::path> files() {
  auto found = tests::reference_files("mim_step_", ".safetensors");
  if (found.empty()) MESSAGE("skipped: no mim_step_*.safetensors in ", tests::reference_dir().string());
  return found;
}

}  // namespace

TEST_SUITE("reference") {
  TEST_CASE("one step: outputs, losses and every gradient") {
    for (const auto& path : files()) {
      for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
        CAPTURE(path.filename().string());
        CAPTURE(std::string(c10::toString(type)));
        const double limit = tolerance(type);
        Fixture fixture(path, type);
        const at::Tensor order = fixture.stored("in.ids_shuffle");
        const MaskPlan plan = fixture.plan(order);
        const Losses losses = fixture.losses(fixture.stored("in.image"), plan);

        CHECK(at::equal(plan.state.to(at::kFloat), fixture.stored("out.mask")));
        // The released encoder keeps the order of its shuffle; ours is raster order.
        const at::Tensor rank = order.narrow(1, 0, fixture.kept).argsort(1, false).argsort(1, false) + 1;
        const at::Tensor rows = at::cat({at::zeros({rank.size(0), 1}, at::kLong), rank}, 1);
        CHECK(relative_error(model::gather_tokens(fixture.outputs.at("latent"), rows), fixture.stored("out.latent")) <
              limit);
        CHECK(relative_error(fixture.outputs.at("prediction"), fixture.stored("out.pred")) < limit);
        CHECK(relative_error(fixture.probability, fixture.stored("out.seg_prob")) < limit);
        CHECK(relative(losses.total.item<double>(), fixture.stored("out.loss").item<double>()) < limit);
        CHECK(relative(losses.reconstruction.item<double>(), fixture.stored("out.loss_rec").item<double>()) < limit);
        CHECK(relative(losses.consistency.item<double>(), fixture.stored("out.loss_cons").item<double>()) < limit);

        const Bag gradients = tests::part(fixture.file.tensors, "grad.");
        std::string worst_name;
        const double worst = tests::least_error(type, limit, [&](double nudge) {
          for (const auto& [name, parameter] : fixture.parameters()) parameter.mutable_grad() = at::Tensor();
          fixture.losses(fixture.stored("in.image") * (1 + nudge), plan).total.backward();
          double largest = 0;
          Bag expected = gradients;
          for (const auto& [name, parameter] : fixture.parameters()) {
            CAPTURE(name);
            CHECK(parameter.requires_grad() == (expected.count(name) == 1));
            if (!parameter.requires_grad()) continue;
            const double error = relative_error(parameter.grad(), expected.at(name));
            CHECK_FALSE(std::isnan(error));
            if (error > largest) worst_name = name;
            largest = std::max(largest, error);
            expected.erase(name);
          }
          CHECK(expected.empty());
          return largest;
        });
        CAPTURE(worst_name);
        CHECK(worst < limit);
        MESSAGE(path.filename().string(), " ", std::string(c10::toString(type)), ": worst gradient ", worst);
      }
    }
  }

  TEST_CASE("six training steps: losses, learning rates, final weights") {
    for (const auto& path : files()) {
      for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
        CAPTURE(path.filename().string());
        CAPTURE(std::string(c10::toString(type)));
        const double limit = tolerance(type);
        std::string worst_name;
        const double worst = tests::least_error(type, limit, [&](double nudge) {
          Fixture fixture(path, type);
          std::istringstream betas(fixture.text("adamw_betas"));
          train::AdamW::Options options;
          char comma = 0;
          betas >> options.beta1 >> comma >> options.beta2;
          options.weight_decay = fixture.real("weight_decay");
          train::AdamW optimizer(train::mae_groups(fixture.parameters()), options);
          double largest = 0;
          const auto note = [&](double error, const std::string& what) {
            CHECK_FALSE(std::isnan(error));
            if (error > largest) worst_name = what;
            largest = std::max(largest, error);
          };

          const std::int64_t steps = fixture.whole("steps");
          const double epochs = fixture.real("epochs");
          for (std::int64_t step = 0; step < steps; ++step) {
            CAPTURE(step);
            const double epoch = static_cast<double>(step) / (static_cast<double>(steps) / epochs);
            const double rate =
                train::warmup_cosine(epoch, fixture.real("base_lr"), 0.0, fixture.real("warmup_epochs"), epochs);
            CHECK(rate == doctest::Approx(fixture.stored("train.lrs")[step].item<double>()).epsilon(1e-14));
            const Losses losses = fixture.losses(fixture.stored("train.images")[step] * (1 + nudge),
                                                 fixture.plan(fixture.stored("train.ids_shuffle")[step]));
            const at::Tensor expected = fixture.stored("train.losses")[step];
            const std::string when = " before step " + std::to_string(step);
            note(relative(losses.total.item<double>(), expected[0].item<double>()), "loss" + when);
            note(relative(losses.reconstruction.item<double>(), expected[1].item<double>()), "reconstruction" + when);
            note(relative(losses.consistency.item<double>(), expected[2].item<double>()), "consistency" + when);
            optimizer.zero_grad();
            losses.total.backward();
            optimizer.step(rate);
          }
          Bag expected = tests::part(fixture.file.tensors, "train.final.");
          for (const auto& [name, parameter] : fixture.parameters()) {
            if (expected.count(name) == 0) continue;
            note(relative_error(parameter, expected.at(name)), "final " + name);
            expected.erase(name);
          }
          CHECK(expected.empty());
          return largest;
        });
        CAPTURE(worst_name);
        CHECK(worst < limit);
        MESSAGE(path.filename().string(), " ", std::string(c10::toString(type)), ": worst of six steps ", worst);
      }
    }
  }
}
