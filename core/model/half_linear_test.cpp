#include "model/half_linear.hpp"

#include "cuda/test_support.hpp"
#include "model/layers.hpp"
#include "model/test_support.hpp"
#include "model/transformer.hpp"
#include "train/device.hpp"

#include <ATen/ATen.h>

using namespace vaso;
using tests::devices;
using tests::relative_error;
using tests::waves;

namespace {

struct HalfResult {
  at::Tensor value, x, weight, bias;
};

HalfResult run(const at::Tensor& values, const at::Tensor& weight, const at::Tensor& bias) {
  model::Linear layer(weight.size(1), weight.size(0));
  layer.to(values.device(), values.scalar_type());
  {
    const at::NoGradGuard no_gradient;
    layer.parameters()[0].copy_(weight);
    layer.parameters()[1].copy_(bias);
  }
  const at::Tensor x = values.clone().set_requires_grad(true);
  const at::Tensor value = layer.forward(x);
  // Numbers that bf16 holds, so that the gradient is the same on both sides.
  (value * waves(value.sizes(), 0.7).to(at::kBFloat16).to(value.device(), value.scalar_type())).sum().backward();
  return {value, x.grad(), layer.parameters()[0].grad(), layer.parameters()[1].grad()};
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a linear layer in bf16: values and gradients of the same numbers in float64") {
    for (const c10::Device device : devices()) {
      CAPTURE(device.str());
      for (const auto& [rows, in, out] : {std::tuple{3, 5, 8}, {50, 768, 2304}, {257, 64, 40}, {4097, 96, 264}}) {
        CAPTURE(rows);
        const auto half = [](const at::Tensor& t) { return t.to(at::kBFloat16).to(at::kFloat); };
        const at::Tensor x = half(waves({2, rows, in}, 0.37)), weight = half(waves({out, in}, 0.11) * 0.3),
                         bias = half(waves({out}, 0.5));
        const HalfResult exact = run(x.to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble));
        const train::Precision precision("bf16", device);
        REQUIRE(model::can_multiply_half(x.to(device), at::empty({out, in}, at::kFloat).set_requires_grad(true)));
        const HalfResult ours = run(x.to(device), weight.to(device), bias.to(device));
        CHECK((ours.value.scalar_type() == at::kBFloat16));
        CHECK((ours.bias.scalar_type() == at::kFloat));
        CHECK(relative_error(ours.value.cpu(), exact.value) < 4e-3);  // bf16 has 8 bits
        CHECK(relative_error(ours.x.cpu(), exact.x) < 4e-3);
        CHECK(relative_error(ours.weight.cpu(), exact.weight) < 4e-3);
        CHECK(relative_error(ours.bias.cpu(), exact.bias) < 1e-5);
        CHECK(run(x.to(device), weight.to(device), bias.to(device)).bias.equal(ours.bias));
      }
    }
  }

  TEST_CASE("an MLP in bf16: values and gradients of the same weights in float64") {
    const auto run_mlp = [](const at::Tensor& values) {
      model::Mlp mlp(96, 264);
      mlp.to(values.device(), values.scalar_type());
      double step = 0.1;
      for (at::Tensor parameter : mlp.parameters()) {
        const at::NoGradGuard no_gradient;
        parameter.copy_((waves(parameter.sizes(), step += 0.13) * 0.5).to(at::kBFloat16));
      }
      const at::Tensor x = values.clone().set_requires_grad(true), y = mlp.forward(x).whole();
      (y * waves(y.sizes(), 0.7).to(at::kBFloat16).to(y.device(), y.scalar_type())).sum().backward();
      std::vector<at::Tensor> results = {y, x.grad()};
      for (const at::Tensor& parameter : mlp.parameters()) results.push_back(parameter.grad());
      return results;
    };
    const at::Tensor x = waves({3, 171, 96}, 0.37).to(at::kBFloat16).to(at::kFloat);
    const std::vector<at::Tensor> exact = run_mlp(x.to(at::kDouble));
    for (const c10::Device device : devices()) {
      CAPTURE(device.str());
      const train::Precision precision("bf16", device);
      const std::vector<at::Tensor> ours = run_mlp(x.to(device));
      for (std::size_t i = 0; i < exact.size(); ++i) {
        CAPTURE(i);                                             // y, x, and weight and bias of both layers
        CHECK(relative_error(ours[i].cpu(), exact[i]) < 3e-2);  // four roundings to bf16 on the way
      }
    }
  }

  TEST_CASE("a frozen layer in bf16 hands a gradient on and has none") {
    model::Linear layer(4, 8);
    for (at::Tensor parameter : layer.parameters()) parameter.set_requires_grad(false);
    const at::Tensor x = waves({2, 4}, 0.1).set_requires_grad(true);
    const train::Precision precision("bf16", c10::kCPU);
    layer.forward(x).sum().backward();
    CHECK(x.grad().defined());
    CHECK_FALSE(layer.weight().grad().defined());
    CHECK_FALSE(layer.bias().grad().defined());
  }

  TEST_CASE("only where there is something to gain") {
    const at::Tensor weight = at::empty({8, 4}, at::kFloat).set_requires_grad(true), x = waves({2, 4}, 0.1);
    CHECK_FALSE(model::can_multiply_half(x, weight));
    {
      const train::Precision precision("bf16", c10::kCPU);
      CHECK(model::can_multiply_half(x, weight));
      CHECK(model::can_multiply_half(x, weight.detach()));
      CHECK_FALSE(model::can_multiply_half(x.to(at::kDouble), weight.to(at::kDouble)));
      CHECK_FALSE(model::can_multiply_half(at::empty({0, 4}, at::kFloat), weight));
    }
    if (cuda::no_gpu()) return;
    const at::Tensor there = x.to(c10::kCUDA);
    CHECK_FALSE(model::can_multiply_half(there, weight));
    const train::Precision precision("bf16", c10::kCUDA);
    CHECK(model::can_multiply_half(there, weight));
    CHECK_FALSE(model::can_multiply_half(there, at::empty({7, 4}, at::kFloat).set_requires_grad(true)));
    CHECK_FALSE(model::can_multiply_half(there, weight.detach()));
    const at::NoGradGuard no_gradient;
    CHECK_FALSE(model::can_multiply_half(there, weight));
  }
}
