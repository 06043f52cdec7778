#include "model/linear_decoder.hpp"
#include "model/test_support.hpp"
#include "model/unet.hpp"
#include "model/unet_adapter.hpp"
#include "model/upernet.hpp"
#include "model/weights.hpp"
#include "train/device.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>

using namespace vaso;
using tests::relative_error;
using tests::waves;

namespace {

using Decoder = std::shared_ptr<model::SegmentationDecoder>;

model::DecoderOptions options(std::int64_t maps, const std::string& norm = "bn", std::int64_t patch = 8) {
  model::DecoderOptions options;
  options.encoder_dim = 8;
  options.patch_size = patch;
  options.maps = maps;
  options.outputs = 2;
  options.channels = 4;
  options.norm = norm;
  return options;
}

struct Case {
  std::string name;
  std::int64_t maps;
  std::function<Decoder(const std::string& norm)> make;
};

const std::vector<Case> kCases = {
    {"unet_adapter", 1, [](auto& norm) { return std::make_shared<model::UnetAdapter>(options(1, norm), true); }},
    {"unet_adapter without image", 5,
     [](auto& norm) { return std::make_shared<model::UnetAdapter>(options(5, norm), false); }},
    {"upernet", 4, [](auto& norm) { return std::make_shared<model::UperNet>(options(4, norm)); }},
    {"linear", 1, [](auto& norm) { return std::make_shared<model::LinearDecoder>(options(1, norm)); }},
    {"linear on two maps", 2, [](auto& norm) { return std::make_shared<model::LinearDecoder>(options(2, norm)); }},
    {"unet", 0,
     [](auto& norm) {
       return std::make_shared<model::Unet>(model::UnetOptions{2, 2, norm, false, 0});
     }},
    {"unet bilinear", 0,
     [](auto& norm) {
       return std::make_shared<model::Unet>(model::UnetOptions{2, 2, norm, true, 0});
     }},
};

std::vector<at::Tensor> maps_of(std::int64_t count, std::int64_t grid, at::ScalarType type = at::kFloat) {
  std::vector<at::Tensor> maps;
  for (std::int64_t i = 0; i < count; ++i) {
    maps.push_back(waves({2, 8, grid, grid}, 0.31 + 0.17 * static_cast<double>(i)).to(type));
  }
  return maps;
}

std::int64_t parameters(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const auto& tensor : module.parameters()) count += tensor.numel();
  return count;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("every decoder answers with logits of the size of the image") {
    for (const auto& entry : kCases) {
      CAPTURE(entry.name);
      const Decoder decoder = entry.make("bn");
      model::initialise_decoder(*decoder, 1);
      CHECK(decoder->forward(maps_of(entry.maps, 4), waves({2, 3, 32, 32})).sizes() == at::IntArrayRef({2, 2, 32, 32}));
    }
    // An odd number of patches, and patches that are no power of two.
    for (const auto& [patch, grid] : {std::pair{16, 3}, std::pair{14, 5}, std::pair{4, 7}, std::pair{32, 2}}) {
      CAPTURE(patch);
      for (const bool image_branch : {true, false}) {
        model::UnetAdapter adapter(options(1, "bn", patch), image_branch);
        const std::int64_t side = patch * grid;
        CHECK(adapter.forward(maps_of(1, grid), waves({2, 3, side, side}), {}).sizes() ==
              at::IntArrayRef({2, 2, side, side}));
      }
      model::UperNet upernet(options(4, "bn", patch));
      CHECK(upernet.forward(maps_of(4, grid), waves({2, 3, patch * grid, patch * grid}), {}).size(2) == patch * grid);
    }
  }

  TEST_CASE("every decoder's gradients are those of its values") {
    for (const auto& entry : kCases) {
      for (const std::string norm : {"bn", "gn", "in"}) {
        if (norm == "in" && entry.name == "upernet") continue;  // a map pooled to one pixel is 0 at the kink of ReLU
        CAPTURE(entry.name);
        CAPTURE(norm);
        const Decoder decoder = entry.make(norm);
        model::initialise_decoder(*decoder, 1);
        decoder->to(at::kDouble);
        std::vector<at::Tensor> inputs = maps_of(entry.maps, 4, at::kDouble);
        inputs.push_back(waves({2, 3, 32, 32}, 0.77).to(at::kDouble));
        const at::Tensor weight = waves({2, 2, 32, 32}, 1.3).to(at::kDouble);
        const auto value = [&] {
          return (decoder->forward({inputs.begin(), inputs.end() - 1}, inputs.back()) * weight).sum();
        };
        std::vector<at::Tensor> places;
        for (auto& tensor : inputs) places.push_back(tensor.requires_grad_());
        for (const auto& tensor : decoder->parameters()) places.push_back(tensor);
        value().backward();
        at::NoGradGuard no_grad;
        for (std::size_t i = 0; i < places.size(); ++i) {
          CAPTURE(i);
          if (!places[i].grad().defined()) continue;  // the image, where nothing looks at it
          // Along one direction for each tensor, by a central difference. ReLU and max pooling have kinks, which a step
          // this short does not meet.
          constexpr double kStep = 2e-8;
          const at::Tensor direction = waves(places[i].sizes(), 0.61).to(at::kDouble) + 0.1;
          const double slope = (places[i].grad() * direction).sum().item<double>();
          places[i].add_(direction, kStep);
          const double above = value().item<double>();
          places[i].add_(direction, -2 * kStep);
          const double below = value().item<double>();
          places[i].add_(direction, kStep);
          CHECK(slope == doctest::Approx((above - below) / (2 * kStep)).epsilon(1e-4).scale(1.0));
        }
      }
    }
  }

  TEST_CASE("rescaled maps: twice as large for each transposed convolution, half for each pooling, rounded up") {
    const at::Tensor map = waves({1, 8, 5, 5}, 0.4);
    for (const auto& [twice, side] :
         {std::pair{2, 20}, std::pair{1, 10}, std::pair{0, 5}, std::pair{-1, 3}, std::pair{-2, 2}}) {
      CAPTURE(twice);
      CHECK(model::Rescale(8, 3, twice, "bn").forward(map).sizes() == at::IntArrayRef({1, 3, side, side}));
    }
  }

  TEST_CASE("the adapter's levels have strides of 2 to 32 pixels, whatever the patch size") {
    for (const auto& [patch, doublings] : {std::pair{16, 4}, std::pair{8, 3}, std::pair{14, 4}, std::pair{32, 5}}) {
      CAPTURE(patch);
      const Bag all = model::weights(model::UnetAdapter(options(1, "bn", patch), true));
      for (int level = 0; level < 5; ++level) {
        CAPTURE(level);
        const std::string name = "rescale." + std::to_string(level);
        int ups = 0;
        while (all.count(name + ".up." + std::to_string(ups) + ".weight") > 0) ++ups;
        CHECK(ups == std::max(doublings - 1 - level, 0));
        CHECK(all.count(name + ".project.weight") == (ups == 0 ? 1 : 0));
      }
      CHECK(all.at("steps.4.0.conv.weight").size(1) == 8 + 4);  // level 0 and the image branch
    }
  }

  TEST_CASE("U-Net of 64 to 1024 channels: 31.0 million parameters") {
    // milesial/Pytorch-UNet with three channels in and one out. By hand: 3×3 convolutions without bias and two norm
    // parameters a channel, transposed convolutions and the last one with bias.
    const auto convolution = [](std::int64_t in, std::int64_t out) { return 9 * in * out + 2 * out; };
    std::int64_t expected = 64 + 1;
    for (std::int64_t in = 3, out = 64; out <= 1024; in = out, out *= 2) {
      expected += convolution(in, out) + convolution(out, out);
      if (out < 1024) expected += (2 * out) * out * 4 + out + convolution(2 * out, out) + convolution(out, out);
    }
    CHECK(expected == 31037633);
    CHECK(parameters(model::Unet({})) == expected);
    CHECK_THROWS_WITH_AS(model::Unet(model::UnetOptions{1, 2}).forward({}, waves({1, 3, 40, 32}), {}),
                         doctest::Contains("40×32"), std::invalid_argument);
  }

  TEST_CASE("maps that a decoder cannot use are refused") {
    CHECK_THROWS_WITH_AS(model::UnetAdapter(options(3), true), doctest::Contains("one for each of 5, not 3"),
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(model::UperNet(options(1)), doctest::Contains("4 blocks"), std::invalid_argument);
    CHECK_THROWS_WITH_AS(model::UnetAdapter(options(1, "sync"), true), doctest::Contains("bn, gn, in or ln"),
                         std::invalid_argument);
  }

  TEST_CASE("one image a batch: what is pooled to one pixel leaves the running statistics whole") {
    model::UperNet upernet(options(4));
    model::initialise_decoder(upernet, 1);
    std::vector<at::Tensor> maps = maps_of(4, 4);
    for (auto& map : maps) map = map.slice(0, 0, 1);
    upernet.forward(maps, waves({1, 3, 32, 32}), {});
    upernet.eval();
    CHECK(upernet.forward(maps, waves({1, 3, 32, 32}), {}).isfinite().all().item<bool>());
    CHECK(model::weights(upernet).at("pooled.0.norm.num_batches_tracked").item<std::int64_t>() == 0);
    CHECK(model::weights(upernet).at("pooled.1.norm.num_batches_tracked").item<std::int64_t>() == 1);
  }

  TEST_CASE("norms by name") {
    const at::Tensor x = waves({2, 6, 3, 4}, 0.7) + 2;
    const auto standard = [](const at::Tensor& values, at::IntArrayRef over, double eps) {
      return (values - values.mean(over, true)) / (values.var(over, false, true) + eps).sqrt();
    };
    CHECK(relative_error(model::norm_2d("bn", 6)->forward(x), standard(x, {0, 2, 3}, 1e-5)) < 1e-5);
    CHECK(relative_error(model::norm_2d("in", 6)->forward(x), standard(x, {2, 3}, 1e-5)) < 1e-5);
    CHECK(relative_error(model::norm_2d("ln", 6)->forward(x), standard(x, {1}, 1e-6)) < 1e-5);
    // Eight channels make two groups of four.
    const at::Tensor eight = waves({2, 8, 3, 4}, 0.7) + 2;
    CHECK(relative_error(model::norm_2d("gn", 8)->forward(eight).reshape({2, 2, 48}),
                         standard(eight.reshape({2, 2, 48}), {2}, 1e-5)) < 1e-5);
  }

  TEST_CASE("first weights: He's for convolutions, nearly nothing for the classifier, by seed and name") {
    const model::UnetOptions quarter{1, 16};
    model::Unet a(quarter), b(quarter);
    model::initialise_decoder(a, 5, "head.");
    const Bag first = model::weights(a);
    const auto spread = [&](const char* name) { return first.at(name).std().item<double>(); };
    CHECK(spread("down.3.1.conv.weight") == doctest::Approx(std::sqrt(2.0 / (9 * 128))).epsilon(0.01));
    CHECK(spread("down.0.0.conv.weight") == doctest::Approx(std::sqrt(2.0 / (9 * 16))).epsilon(0.1));
    CHECK(spread("up.0.weight") == doctest::Approx(std::sqrt(2.0 / 256)).epsilon(0.01));
    CHECK(spread("classifier.weight") == doctest::Approx(0.01).epsilon(0.5));
    CHECK(first.at("up.0.bias").abs().max().item<double>() == 0);
    CHECK(at::equal(first.at("merge.1.0.norm.weight"), at::ones({64})));
    model::initialise_decoder(b, 5, "head.");
    CHECK(at::equal(model::weights(b).at("merge.3.1.conv.weight"), first.at("merge.3.1.conv.weight")));
    model::initialise_decoder(b, 6, "head.");
    CHECK_FALSE(at::equal(model::weights(b).at("merge.3.1.conv.weight"), first.at("merge.3.1.conv.weight")));
  }

  TEST_CASE("dropout takes whole channels, only with a generator, and keeps the mean") {
    const at::Tensor map = at::ones({50, 40, 2, 2});
    CHECK(at::equal(model::drop_channels(map, 0.25, {}), map));
    const at::Tensor dropped = model::drop_channels(map, 0.25, train::make_generator(c10::kCPU, 3));
    CHECK(at::equal(dropped.amax({2, 3}), dropped.amin({2, 3})));
    CHECK(dropped.eq(0).to(at::kDouble).mean().item<double>() == doctest::Approx(0.25).epsilon(0.1));
    CHECK(dropped.max().item<double>() == doctest::Approx(4.0 / 3));
  }

  TEST_CASE("bf16: close to fp32, gradients finite") {
    for (const auto& entry : kCases) {
      CAPTURE(entry.name);
      const Decoder decoder = entry.make("bn");
      model::initialise_decoder(*decoder, 1);
      std::vector<at::Tensor> maps = maps_of(entry.maps, 4);
      const at::Tensor image = waves({2, 3, 32, 32}, 0.77), exact = decoder->forward(maps, image).detach();
      for (auto& map : maps) map = map.to(at::kBFloat16);
      at::Tensor logits;
      {
        const train::Precision precision("bf16", c10::kCPU);
        logits = decoder->forward(maps, image);
      }
      // 0.1 where the processor has AVX-512; without it oneDNN's kernels round more often.
      CHECK(relative_error(logits, exact) < 0.25);
      logits.to(at::kFloat).square().sum().backward();
      for (const auto& tensor : decoder->parameters()) {
        if (tensor.grad().defined()) CHECK(tensor.grad().isfinite().all().item<bool>());
      }
    }
  }
}
