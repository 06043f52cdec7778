#include "model/segmentation_losses.hpp"
#include "model/segmentation_head.hpp"

#include <ATen/ATen.h>

#include <doctest/doctest.h>

using namespace vaso;
using doctest::Approx;

namespace {

at::Tensor wave(at::IntArrayRef sizes, double step) {
  std::int64_t count = 1;
  for (const auto size : sizes) count *= size;
  return at::sin(at::arange(count, at::kDouble) * step).reshape(sizes);
}

double number(const at::Tensor& scalar) { return scalar.item<double>(); }

}  // namespace

TEST_SUITE("unit") {
  // Expected numbers: the formulas in Python, PyTorch 1.13.1, float64.

  TEST_CASE("Dice loss: MONAI's, for each sample and channel, value and gradient") {
    at::Tensor logits = (2 * wave({2, 2, 5, 6}, 0.9)).requires_grad_();
    at::Tensor target = wave({2, 2, 5, 6}, 0.23).gt(0.2).to(at::kDouble);
    target[1][1].zero_();
    const at::Tensor loss = model::dice_loss(at::sigmoid(logits), target);
    loss.backward();
    CHECK(number(loss) == Approx(0.613808198151037).epsilon(1e-12));
    CHECK(number(logits.grad().norm()) == Approx(0.0152778697949586).epsilon(1e-12));
    CHECK(number(logits.grad().flatten()[77]) == Approx(0.00101562959887916).epsilon(1e-12));
  }

  TEST_CASE("Dice loss: 0 where both are empty, near 1 where one is") {
    const at::Tensor empty = at::zeros({1, 1, 4, 4}), full = at::ones({1, 1, 4, 4});
    CHECK(number(model::dice_loss(empty, empty)) == 0);
    CHECK(number(model::dice_loss(full, full)) == Approx(0).epsilon(1e-6));
    CHECK(number(model::dice_loss(full, empty)) == Approx(1).epsilon(1e-5));
  }

  TEST_CASE("Dice loss over the batch: sums over images, labels that no image has left out, value and gradient") {
    at::Tensor logits = (2 * wave({2, 3, 5, 6}, 0.9)).requires_grad_();
    at::Tensor target = wave({2, 3, 5, 6}, 0.23).gt(0.2).to(at::kDouble);
    target[1][1].zero_();         // one image lacks label 1
    target.select(1, 2).zero_();  // none has label 2
    const at::Tensor loss = model::batch_dice_loss(at::sigmoid(logits), target);
    loss.backward();
    CHECK(number(loss) == Approx(0.5629033718682709).epsilon(1e-12));
    CHECK(number(logits.grad().norm()) == Approx(0.0181345457277136).epsilon(1e-12));
    CHECK(number(logits.grad().select(1, 2).abs().max()) == 0);
    const at::Tensor full = at::ones({2, 2, 4, 4});
    CHECK(number(model::batch_dice_loss(full, at::zeros({2, 2, 4, 4}))) == Approx(1).epsilon(1e-5));
  }

  TEST_CASE("soft skeleton and clDice: jocpae's formulas for each sample and channel, value and gradient") {
    at::Tensor probabilities = at::sigmoid(3 * wave({2, 2, 12, 13}, 0.9)).requires_grad_();
    at::Tensor target = at::zeros({2, 2, 12, 13}, at::kDouble);
    target.select(1, 0).slice(1, 3, 8).fill_(1);  // a band five pixels high: its centre line is 13 long
    target[0][1].slice(1, 4, 9).fill_(1);         // and one five wide, 12 long
    const at::Tensor lines = model::soft_skeleton(target, 3);
    CHECK(at::equal(lines.flatten(2).sum(2), at::tensor({13.0, 12.0, 13.0, 0.0}, at::kDouble).reshape({2, 2})));
    CHECK(number(lines[0][0][5].sum()) == 13);
    CHECK(number(model::soft_skeleton(probabilities, 3).sum()) == Approx(96.8540539887531).epsilon(1e-12));
    const at::Tensor loss = model::soft_cl_dice_loss(probabilities, target, 3);
    loss.backward();
    CHECK(number(loss) == Approx(0.623894711640066).epsilon(1e-12));
    CHECK(number(probabilities.grad().norm()) == Approx(0.0850206921788317).epsilon(1e-12));
  }

  TEST_CASE("iterations count: a band wider than they reach has no centre line yet") {
    at::Tensor band = at::zeros({1, 1, 20, 20}, at::kDouble);
    band[0][0].slice(0, 4, 15).fill_(1);  // eleven high
    CHECK(number(model::soft_skeleton(band, 3).sum()) == 0);
    CHECK(number(model::soft_skeleton(band, 5).sum()) == 20);
  }

  TEST_CASE("painted classes: where several labels are set, the last one is on top") {
    at::Tensor masks = at::zeros({1, 3, 1, 4});
    masks[0][0][0].slice(0, 0, 3).fill_(1);
    masks[0][1][0].slice(0, 1, 3).fill_(1);
    masks[0][2][0][2] = 1;
    CHECK(at::equal(model::painted_classes(masks), at::tensor({1, 2, 3, 0}, at::kLong).reshape({1, 1, 4})));
  }
}
