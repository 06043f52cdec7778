#include "train/checkpoint.hpp"

#include "train/epoch_means.hpp"
#include "train/safetensors.hpp"
#include "train/segmentor.hpp"

#include "support/paths.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>

using namespace vaso;
using namespace vaso::train;

TEST_SUITE("unit") {
  TEST_CASE("a checkpoint comes back whole: weights under released names, parts under their prefixes") {
    const tests::TemporaryFolder folder;
    const auto file = folder.path() / "checkpoint.safetensors";
    Checkpoint saved{3, 17, 259, {}, {}};
    saved.student["blocks.0.attn.qkv.weight"] = at::arange(6, at::kFloat).reshape({2, 3});
    saved.student["masking.block0.norm1.weight"] = at::ones({4});
    saved.parts["optimizer"]["blocks.0.attn.qkv.weight.exp_avg"] = at::full({2, 3}, 0.25);
    saved.parts["component"]["masking.attention.attention"] = at::ones({5, 2, 2});
    saved.parts["teacher"]["blocks.0.attn.qkv.weight"] = at::zeros({2, 3});
    save(saved, file, "pretrain");

    const Checkpoint loaded = load(file, "pretrain");
    CHECK(loaded.epoch == 3);
    CHECK(loaded.batch == 17);
    CHECK(loaded.step == 259);
    REQUIRE(loaded.student.size() == 2);
    CHECK(loaded.student.at("blocks.0.attn.qkv.weight").equal(saved.student.at("blocks.0.attn.qkv.weight")));
    CHECK(loaded.parts.at("optimizer").at("blocks.0.attn.qkv.weight.exp_avg").equal(at::full({2, 3}, 0.25)));
    CHECK(loaded.parts.at("component").contains("masking.attention.attention"));
    CHECK(loaded.parts.at("teacher").at("blocks.0.attn.qkv.weight").equal(at::zeros({2, 3})));
  }

  TEST_CASE("a checkpoint of another phase, or a file that is none, is refused by name") {
    const tests::TemporaryFolder folder;
    const auto file = folder.path() / "checkpoint.safetensors";
    save(Checkpoint{}, file, "segmentor");
    CHECK_THROWS_WITH_AS(load(file, "pretrain"), doctest::Contains("belongs to phase segmentor, not pretrain"),
                         CheckpointError);
    write_safetensors(file, {{{"x", at::ones({1})}}, {}});
    CHECK_THROWS_WITH_AS(load(file, "pretrain"), doctest::Contains("is no checkpoint"), CheckpointError);
  }

  TEST_CASE("means of an epoch survive a stop in its middle to the bit") {
    EpochMeans whole, first;
    for (int i = 0; i < 7; ++i) {
      whole.add("loss", 1.0 / (i + 3));
      if (i < 4) first.add("loss", 1.0 / (i + 3));
    }
    EpochMeans second;
    second.set_state(first.state());
    for (int i = 4; i < 7; ++i) second.add("loss", 1.0 / (i + 3));
    CHECK(second.mean("loss") == whole.mean("loss"));
  }

  TEST_CASE("the segmentor's loss: half cross-entropy, half one minus the Dice of the flattened batch") {
    at::Tensor logits = at::tensor({2.0, -1.0, 0.5, -3.0}, at::kDouble).reshape({2, 1, 1, 2}).requires_grad_(true);
    const at::Tensor mask = at::tensor({1.0, 0.0, 0.0, 0.0}, at::kDouble).reshape({2, 1, 1, 2});
    double bce = 0, both = 0, sum = 0;
    const double x[] = {2.0, -1.0, 0.5, -3.0}, y[] = {1, 0, 0, 0};
    for (int i = 0; i < 4; ++i) {
      const double p = 1 / (1 + std::exp(-x[i]));
      bce -= (y[i] * std::log(p) + (1 - y[i]) * std::log(1 - p)) / 4;
      both += p * y[i];
      sum += p + y[i];
    }
    const double dice = (2 * both + 1e-5) / (sum + 1e-5);
    const SegmentationLoss loss = segmentation_loss(logits, mask);
    CHECK(loss.bce.item<double>() == doctest::Approx(bce).epsilon(1e-12));
    CHECK(loss.dice.item<double>() == doctest::Approx(dice).epsilon(1e-12));
    CHECK(loss.total.item<double>() == doctest::Approx(0.5 * bce + 0.5 * (1 - dice)).epsilon(1e-12));
    loss.total.backward();
    for (int i = 0; i < 4; ++i) {
      const auto moved = [&](double by) {
        at::Tensor other = logits.detach().clone();
        other.view(-1)[i] += by;
        return segmentation_loss(other, mask).total.item<double>();
      };
      CHECK(logits.grad().view(-1)[i].item<double>() ==
            doctest::Approx((moved(1e-6) - moved(-1e-6)) / 2e-6).epsilon(1e-6));
    }
  }
}
