#include "model/image_parts.hpp"
#include "model/mae_decoder.hpp"
#include "model/recompute.hpp"
#include "model/test_support.hpp"
#include "model/unext.hpp"
#include "train/device.hpp"
#include "train/torch_compat.hpp"

#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

using namespace vaso;
using model::image_parts;
using model::in_parts;
using tests::waves;

namespace {

class Threads {
 public:
  explicit Threads(int count) : before_(at::get_num_threads()) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before_); }
  Threads(const Threads&) = delete;

 private:
  int before_;
};

at::Tensor asking(const at::Tensor& tensor) { return tensor.detach().to(at::kDouble).requires_grad_(); }

struct Pass {
  std::vector<at::Tensor> values, gradients;
};

void check_equal(const Pass& a, const Pass& b, double tolerance) {
  REQUIRE(a.values.size() == b.values.size());
  REQUIRE(a.gradients.size() == b.gradients.size());
  for (std::size_t i = 0; i < a.values.size(); ++i) CHECK(tests::relative_error(a.values[i], b.values[i]) <= tolerance);
  for (std::size_t i = 0; i < a.gradients.size(); ++i) {
    CAPTURE(i);
    REQUIRE(a.gradients[i].defined() == b.gradients[i].defined());
    if (a.gradients[i].defined()) CHECK(tests::relative_error(a.gradients[i], b.gradients[i]) <= tolerance);
  }
}

bool same_bits(const Pass& a, const Pass& b) {
  return std::equal(a.gradients.begin(), a.gradients.end(), b.gradients.begin(),
                    [](const auto& one, const auto& other) {
                      return one.defined() == other.defined() && (!one.defined() || at::equal(one, other));
                    });
}

struct Variant {
  std::string what;
  at::ScalarType type;
  double tolerance;
  bool bf16 = false, recompute = false, layers = false, frozen = false, rotary = false;
  double drop_path = 0;
};

// A small encoder and decoder, forward and back on so many threads. In training, parts have 256 tokens at least.
Pass pass_of(const Variant& variant, int threads, std::int64_t images) {
  const Threads in_force(threads);
  model::VitShape shape;
  shape.image_size = 64;
  shape.patch_size = 4;
  shape.dim = 16;
  shape.depth = 3;
  shape.heads = 2;
  shape.drop_path = variant.drop_path;
  if (variant.rotary) shape.positions = model::Positions::rotary;
  model::Vit encoder(shape);
  model::DecoderShape decoder_shape;
  decoder_shape.encoder_dim = 16;
  decoder_shape.grid = 16;
  decoder_shape.patch_values = 48;
  decoder_shape.dim = 8;
  decoder_shape.depth = 2;
  decoder_shape.heads = 2;
  model::MaeDecoder decoder(decoder_shape);
  model::initialise(encoder, 1);
  model::initialise(decoder, 2);
  encoder.to(variant.type);
  decoder.to(variant.type);
  encoder.set_generator(train::make_generator(c10::kCPU, 5));
  if (variant.frozen) {
    for (auto& parameter : encoder.parameters()) parameter.set_requires_grad(false);
  }
  const at::Tensor image = waves({images, 3, 64, 64}, 0.3).to(variant.type);
  Pass pass;
  at::Tensor sum;
  {
    const train::Precision precision(variant.bf16 ? "bf16" : "fp32", c10::kCPU);
    const model::Recomputation recomputation(variant.recompute);
    EncodeRequest request;
    request.image = image;
    // Of every image other patches, so that an image that is taken for another one shows.
    request.keep = std::get<0>(at::sort(waves({images, 256}, 1.7).argsort(std::int64_t{1}, false).slice(1, 0, 140), 1));
    if (variant.layers) {
      request.layers = {2, 0, 2};
      request.attention = true;
    }
    const EncodeResult encoded = encoder.encode(request);
    pass.values = encoded.layers;
    pass.values.push_back(encoded.tokens);
    if (variant.layers) pass.values.push_back(encoded.attention);
    MaskPlan plan{at::full({images, 256}, MaskPlan::mask, at::kChar).scatter(1, request.keep, MaskPlan::keep), {}};
    pass.values.push_back(decoder.predict(decoder.embed(encoded.tokens, plan)));
    // Not all outputs are used: of the attention's gradient there is none.
    sum = (pass.values.back().to(variant.type) * waves(pass.values.back().sizes(), 0.7)).sum();
    if (variant.layers) sum = sum + encoded.layers[1].square().sum();
  }
  sum.backward();
  for (const torch::nn::Module* part :
       {static_cast<torch::nn::Module*>(&encoder), static_cast<torch::nn::Module*>(&decoder)}) {
    for (const auto& parameter : part->parameters()) pass.gradients.push_back(parameter.grad());
  }
  return pass;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("parts: as many as there are threads, where images go round") {
    const auto parts = [](std::int64_t images) { return image_parts(at::zeros({images, 1})); };
    const Threads two(2);
    CHECK(parts(0) == 1);
    CHECK(parts(1) == 1);
    CHECK(parts(2) == 2);
    CHECK(parts(3) == 1);  // one thread would wait for a quarter of the time
    CHECK(parts(19) == 1);
    CHECK(parts(21) == 2);
    CHECK(parts(64) == 2);
    const Threads three(3);
    CHECK(parts(6) == 3);
    CHECK(parts(7) == 1);
    const Threads one(1);
    CHECK(parts(64) == 1);
  }

  TEST_CASE("parts: each is computed on a thread of its own, under what the caller has set") {
    const Threads three(3);
    std::mutex mutex;
    std::set<std::thread::id> threads;
    std::set<std::int64_t> firsts;
    const train::Precision precision("bf16", c10::kCPU);
    const model::Recomputation recomputation(true);
    const at::NoGradGuard no_gradient;
    const auto of = [&](const at::Tensor& images, std::int64_t first) {
      const std::lock_guard lock(mutex);
      threads.insert(std::this_thread::get_id());
      firsts.insert(first);
      CHECK(images.size(0) == 2);
      CHECK(images[0].item<double>() == static_cast<double>(first));
      CHECK(compat::autocast_enabled(c10::kCPU));
      CHECK(model::Recomputation::on());
      CHECK_FALSE(at::GradMode::is_enabled());
      CHECK(image_parts(at::zeros({64, 1})) == 1);
      return std::vector<at::Tensor>{images + 1, images.neg()};
    };
    const at::Tensor x = at::arange(6, at::kDouble);
    const auto results = in_parts(of, x, {});
    CHECK(threads.size() == 3);
    CHECK(firsts == std::set<std::int64_t>{0, 2, 4});
    REQUIRE(results.size() == 2);
    CHECK(at::equal(results[0], x + 1));
    CHECK(at::equal(results[1], -x));
  }

  TEST_CASE("parts: gradients of x and of parameters are those of the whole") {
    const Threads two(2);
    const at::Tensor start = waves({4, 3}, 0.9), weights = waves({3, 3}, 0.4), unused = asking(waves({2}));
    const auto of = [](const at::Tensor& weight) {
      return [weight](const at::Tensor& x, std::int64_t) {
        const at::Tensor y = at::tanh(x.matmul(weight));
        return std::vector<at::Tensor>{y, y.square(), x.detach()};
      };
    };
    const auto gradients = [&](bool parts) {
      const at::Tensor x = asking(start), weight = asking(weights);
      const auto out = parts ? in_parts(of(weight), x, {weight, unused}) : of(weight)(x, 0);
      (out[0] * waves({4, 3}, 0.2)).sum().backward();
      return std::vector<at::Tensor>{x.grad(), weight.grad()};
    };
    const auto whole = gradients(false), parts = gradients(true), again = gradients(true);
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(tests::relative_error(parts[i], whole[i]) < 1e-14);
      CHECK(at::equal(parts[i], again[i]));
    }
    CHECK_FALSE(unused.grad().defined());

    const at::Tensor aside = asking(weights);  // nothing that depends on it is used
    in_parts(of(aside), asking(start), {aside})[2].sum().backward();
    CHECK_FALSE(aside.grad().defined());

    const at::Tensor x = asking(start).detach(), weight = asking(weights);
    const auto out = in_parts(of(weight), x, {weight});
    CHECK(out[0].requires_grad());
    out[1].sum().backward();
    CHECK(weight.grad().defined());
    CHECK_THROWS_WITH(out[1].sum().backward(), doctest::Contains("second time"));
    CHECK_FALSE(in_parts(of(weight.detach()), x, {weight.detach()})[0].requires_grad());
  }

  TEST_CASE("parts: a fault in one reaches the caller") {
    const Threads two(2);
    const auto of = [](const at::Tensor& x, std::int64_t first) -> std::vector<at::Tensor> {
      if (first > 0) throw std::invalid_argument("the second half");
      return {x};
    };
    CHECK_THROWS_WITH_AS(in_parts(of, at::zeros({4, 1}), {}), "the second half", std::invalid_argument);
  }

  TEST_CASE("parts: encoder and decoder give the values and gradients that one thread gives") {
    const Variant variants[] = {
        {"float64", at::kDouble, 1e-13},
        {"recomputed", at::kDouble, 1e-13, false, /*recompute=*/true},
        {"layers and attention", at::kDouble, 1e-13, false, false, /*layers=*/true},
        {"frozen encoder", at::kDouble, 1e-13, false, false, false, /*frozen=*/true},
        {"rotary positions of the patches that each image keeps", at::kDouble, 1e-13, false, false, false, false, true},
        {"stochastic depth", at::kDouble, 1e-13, false, false, false, false, false, /*drop_path=*/0.8},
        {"float32", at::kFloat, 1e-5},
        // Gradients of weights are sums of two bf16 roundings of other sums.
        {"bf16", at::kFloat, 2e-2, /*bf16=*/true},
        {"bf16, recomputed", at::kFloat, 2e-2, /*bf16=*/true, /*recompute=*/true},
    };
    for (const Variant& variant : variants) {
      CAPTURE(variant.what);
      const Pass whole = pass_of(variant, 1, 12);
      const Pass parts = pass_of(variant, 2, 12);
      check_equal(parts, whole, variant.tolerance);
      // Sums in another order: else nothing was divided.
      CHECK_FALSE(same_bits(parts, whole));
      check_equal(pass_of(variant, 6, 12), whole, variant.tolerance);  // a block at a time
    }
  }

  TEST_CASE("parts: UNeXt in evaluation mode gives the values and gradients that one thread gives") {
    model::UnextS network;
    model::initialise(network, 3);
    network.to(at::kDouble);
    network.eval();
    const auto pass_of = [&](int threads) {
      const Threads in_force(threads);
      network.zero_grad();
      const at::Tensor image = asking(waves({2, 3, 32, 32}, 0.3));
      Pass pass;
      pass.values = {network.forward(image)};
      pass.values[0].square().sum().backward();
      pass.gradients = {image.grad().clone()};
      for (const auto& parameter : network.parameters())
        pass.gradients.push_back(parameter.grad().defined() ? parameter.grad().clone() : at::Tensor());
      return pass;
    };
    check_equal(pass_of(2), pass_of(1), 1e-13);
  }
}
