#include "model/unext.hpp"

#include "cuda/test_support.hpp"
#include "model/test_support.hpp"
#include "model/vit.hpp"
#include "model/weights.hpp"
#include "support/paths.hpp"
#include "train/device.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace vaso;
using tests::relative_error;

namespace {

constexpr const char* kOfficial = "unext_s_official.safetensors";

std::shared_ptr<model::UnextS> official(at::ScalarType type = at::kFloat) {
  auto network = std::make_shared<model::UnextS>();
  model::load_weights(*network, train::read_safetensors(tests::reference_dir() / kOfficial).tensors);
  network->eval();
  network->to(type);
  return network;
}

bool have_official() {
  if (std::filesystem::exists(tests::reference_dir() / kOfficial)) return true;
  MESSAGE("skipped: no ", std::string(kOfficial), " in ", tests::reference_dir().string());
  return false;
}

// H×W uint8 → 1×3×H×W, rounded to float32 as the expected values' input was.
at::Tensor imagenet(const at::Tensor& grey) {
  const at::Tensor mean = at::tensor({0.485, 0.456, 0.406}, at::kDouble).reshape({1, 3, 1, 1});
  const at::Tensor deviation = at::tensor({0.229, 0.224, 0.225}, at::kDouble).reshape({1, 3, 1, 1});
  const at::Tensor pixels = (grey.to(at::kDouble) / 255.0).unsqueeze(0).unsqueeze(0).expand({1, 3, -1, -1});
  return ((pixels - mean) / deviation).to(at::kFloat);
}

std::shared_ptr<model::UnextS> fresh_unext(std::uint64_t seed = 3) {
  auto network = std::make_shared<model::UnextS>();
  model::initialise(*network, seed);
  return network;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("UNeXt-S has the released size and tensors") {
    model::UnextS network;
    std::int64_t parameters = 0;
    for (const auto& tensor : network.parameters()) parameters += tensor.numel();
    CHECK(parameters == 253561);
    const Bag all = model::weights(network);
    CHECK(all.size() == 101);
    CHECK(all.count("dblock2.0.mlp.dwconv.dwconv.weight") == 1);
    CHECK(all.count("patch_embed4.norm.bias") == 1);
    CHECK(all.count("dbn4.num_batches_tracked") == 1);
  }

  TEST_CASE("UNeXt-S takes any multiple of 32 and refuses other sizes") {
    const auto network = fresh_unext();
    network->eval();
    at::NoGradGuard no_grad;
    CHECK(network->forward(tests::waves({2, 3, 32, 96})).sizes() == at::IntArrayRef({2, 1, 32, 96}));
    CHECK_THROWS_AS(network->forward(tests::waves({1, 3, 48, 64})), std::invalid_argument);
    CHECK_THROWS_AS(network->forward(tests::waves({1, 1, 64, 64})), std::invalid_argument);
  }

  TEST_CASE("with frozen weights, the kernels give the logits and the input's gradient of the plain layers") {
    // On a GPU they are the kernels, elsewhere their twins, against the same network in float64.
    const bool before = at::globalContext().allowTF32CuDNN();
    at::globalContext().setAllowTF32CuDNN(false);  // of the layers between, which are LibTorch's
    for (const bool on_gpu : {false, true}) {
      if (on_gpu && cuda::no_gpu()) continue;
      const c10::Device device = on_gpu ? c10::kCUDA : c10::kCPU;
      const auto network = fresh_unext(), exact = fresh_unext();
      for (const auto& one : {network, exact}) {
        std::uint64_t seed = 7;  // statistics and scales unlike their first values, so that folding them matters
        const at::NoGradGuard no_gradient;
        for (auto& [name, tensor] : model::weights(*one)) {
          if (name.find("bn") == std::string::npos || !tensor.is_floating_point()) continue;
          at::Tensor(tensor).copy_(tests::waves(tensor.sizes(), 0.1 * static_cast<double>(++seed)) * 0.3 + 0.8);
        }
        one->eval();
        for (auto& parameter : one->parameters()) parameter.set_requires_grad(false);
      }
      exact->to(at::kDouble);
      network->to(device);
      at::Tensor image = tests::waves({2, 3, 64, 96}, 0.37).to(device).requires_grad_();
      at::Tensor precise = tests::waves({2, 3, 64, 96}, 0.37).to(at::kDouble).requires_grad_();
      const at::Tensor logits = network->forward_frozen(image), expected = exact->forward(precise);
      CHECK(relative_error(logits.cpu(), expected) < 1e-5);
      at::sigmoid(logits).square().sum().backward();
      at::sigmoid(expected).square().sum().backward();
      CHECK(relative_error(image.grad().cpu(), precise.grad()) < 1e-4);
      if (on_gpu) CHECK(network->forward(image).equal(logits));
      {  // and with other weights they give other logits
        const at::NoGradGuard no_gradient;
        for (at::Tensor parameter : network->parameters()) parameter.mul_(1.1);
      }
      for (at::Tensor parameter : exact->parameters()) parameter.mul_(1.1);
      CHECK(relative_error(network->forward_frozen(image).detach().cpu(), exact->forward(precise).detach()) < 1e-5);
    }
    at::globalContext().setAllowTF32CuDNN(before);
  }

  TEST_CASE("gradients of a batch in float32 equal those in float64, in training and in evaluation mode") {
    for (const bool training : {true, false}) {
      CAPTURE(training);
      const auto single = fresh_unext(), twice = fresh_unext();
      twice->to(at::kDouble);
      single->train(training);
      twice->train(training);
      at::Tensor image = tests::waves({3, 3, 64, 96}, 0.37).requires_grad_();
      at::Tensor exact = image.detach().to(at::kDouble).requires_grad_();
      at::sigmoid(single->forward(image)).mean().backward();
      at::sigmoid(twice->forward(exact)).mean().backward();
      CHECK(relative_error(image.grad(), exact.grad()) < 1e-4);
      const auto expected = twice->named_parameters();
      for (const auto& item : single->named_parameters()) {
        CAPTURE(item.key());
        const at::Tensor gradient = expected[item.key()].grad();
        // A bias before a batch norm in training mode has no effect: its gradient is rounding alone.
        if (gradient.norm().item<double>() < 1e-12) continue;
        CHECK(relative_error(item.value().grad(), gradient) < 1e-4);
      }
    }
  }

  TEST_CASE("bf16: close to fp32, finite gradients, to the image as well") {
    for (const bool training : {true, false}) {
      CAPTURE(training);
      const auto network = fresh_unext();
      network->train(training);
      at::Tensor image = tests::waves({2, 3, 64, 64}, 0.37).requires_grad_();
      const at::Tensor exact = network->forward(image).detach();
      at::Tensor logits;
      {
        const train::Precision precision("bf16", c10::kCPU);
        logits = network->forward(image);
      }
      const double error = relative_error(logits, exact);
      CHECK(error < 0.05);
      CHECK(error > 1e-6);  // it did run in bf16
      at::sigmoid(logits.to(at::kFloat)).mean().backward();
      CHECK(image.grad().isfinite().all().item<bool>());
      CHECK(image.grad().abs().sum().item<double>() > 0);
      for (const auto& item : network->named_parameters()) {
        CAPTURE(item.key());
        CHECK(item.value().grad().isfinite().all().item<bool>());
      }
    }
  }

  TEST_CASE("training mode moves the running statistics, evaluation mode does not") {
    const auto network = fresh_unext();
    const at::Tensor mean = model::weights(*network).at("ebn1.running_mean");
    at::NoGradGuard no_grad;
    network->eval();
    network->forward(tests::waves({2, 3, 32, 32}));
    CHECK(mean.abs().max().item<double>() == 0);
    network->train();
    network->forward(tests::waves({2, 3, 32, 32}));
    CHECK(mean.abs().max().item<double>() > 0);
    CHECK(model::weights(*network).at("ebn1.num_batches_tracked").item<std::int64_t>() == 1);
  }

  TEST_CASE("first weights depend on the seed alone and have the released spread") {
    const auto first = fresh_unext(3), again = fresh_unext(3), other = fresh_unext(4);
    const Bag a = model::weights(*first), b = model::weights(*again), c = model::weights(*other);
    for (const auto& [name, tensor] : a) CHECK(at::equal(tensor, b.at(name)));
    CHECK_FALSE(at::equal(a.at("encoder2.weight"), c.at("encoder2.weight")));
    CHECK(a.at("block2.0.mlp.fc1.weight").std().item<double>() == doctest::Approx(0.02).epsilon(0.05));
    CHECK(a.at("block2.0.mlp.fc1.bias").abs().max().item<double>() == 0);
    CHECK(a.at("patch_embed4.proj.weight").std().item<double>() ==
          doctest::Approx(std::sqrt(2.0 / (9 * 128))).epsilon(0.05));
    CHECK(a.at("block2.0.mlp.dwconv.dwconv.weight").std().item<double>() ==
          doctest::Approx(std::sqrt(2.0 / 9)).epsilon(0.1));
    const double bound = 1 / std::sqrt(9.0 * 64);
    CHECK(a.at("decoder2.weight").abs().max().item<double>() == doctest::Approx(bound).epsilon(0.01));
    CHECK(a.at("decoder2.bias").abs().max().item<double>() <= bound);
    CHECK(a.at("decoder2.bias").abs().max().item<double>() > bound / 2);
  }

  TEST_CASE("the released re-initialisation changes Linear layers and LayerNorms only: 36 tensors") {
    const auto network = fresh_unext();
    for (auto& [name, tensor] : model::weights(*network)) {
      at::NoGradGuard no_grad;
      if (tensor.is_floating_point()) at::Tensor(tensor).fill_(0.5);
    }
    model::reinitialise_as_released(*network, 7);
    int changed = 0, numbers = 0;
    for (const auto& [name, tensor] : model::weights(*network)) {
      if (!tensor.is_floating_point() || tensor.eq(0.5).all().item<bool>()) continue;
      CAPTURE(name);
      CHECK((name.find("fc") != std::string::npos || name.find("norm") != std::string::npos));
      ++changed;
      numbers += static_cast<int>(tensor.numel());
    }
    CHECK(changed == 36);
    CHECK(numbers == 53312);
  }
}

TEST_SUITE("reference") {
  TEST_CASE("UNeXt-S logits on analytic inputs") {
    if (!have_official()) return;
    at::NoGradGuard no_grad;
    const auto network = official();
    const at::Tensor y = network->forward(tests::waves({1, 3, 224, 224}))[0][0];
    CHECK(y.mean().item<double>() == doctest::Approx(-5.157276).epsilon(1e-5));
    CHECK(y.std().item<double>() == doctest::Approx(2.704410).epsilon(1e-5));
    CHECK(y[100][100].item<double>() == doctest::Approx(-4.231895).epsilon(1e-4));
    CHECK(y[0][0].item<double>() == doctest::Approx(-0.233762).epsilon(1e-4));
    CHECK(y[223][223].item<double>() == doctest::Approx(-4.894212).epsilon(1e-4));
    const at::Tensor zero = network->forward(at::zeros({1, 3, 224, 224}))[0][0];
    CHECK(zero.mean().item<double>() == doctest::Approx(-5.895453).epsilon(1e-5));
    CHECK(zero[112][112].item<double>() == doctest::Approx(-7.071013).epsilon(1e-5));
  }

  TEST_CASE("UNeXt-S on angiograms: logits, and the gradient to the image") {
    const auto files = tests::reference_files("unext_s_images", ".safetensors");
    if (files.empty()) MESSAGE("skipped: no unext_s_images*.safetensors in ", tests::reference_dir().string());
    if (files.empty() || !have_official()) return;
    for (const auto& path : files) {
      const train::TensorFile file = train::read_safetensors(path);
      for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
        const auto network = official(type);
        const double limit = type == at::kDouble ? 5e-6 : 1e-4;  // the image itself was rounded to float32
        int frames = 0;
        for (; file.tensors.count(std::to_string(frames) + ".grey") == 1; ++frames) {
          const std::string frame = std::to_string(frames) + ".";
          CAPTURE(path.filename().string());
          CAPTURE(frame);
          CAPTURE(std::string(c10::toString(type)));
          const at::Tensor grey = file.tensors.at(frame + "grey");
          {
            at::NoGradGuard no_grad;
            const at::Tensor logits = network->forward(imagenet(grey).to(type))[0];
            CHECK(relative_error(logits, file.tensors.at(frame + "logits")) < limit);
          }
          const double worst = tests::least_error(type, limit, [&](double nudge) {
            const at::Tensor crop =
                (imagenet(grey.slice(0, 144, 368).slice(1, 144, 368)).to(type) * (1 + nudge)).requires_grad_();
            const at::Tensor logits = network->forward(crop);
            at::sigmoid(logits).mean().backward();
            return std::max(relative_error(logits[0], file.tensors.at(frame + "crop_logits")),
                            relative_error(crop.grad()[0], file.tensors.at(frame + "crop_input_grad")));
          });
          CHECK(worst < limit);
        }
        CHECK(frames > 0);
      }
    }
  }
}
