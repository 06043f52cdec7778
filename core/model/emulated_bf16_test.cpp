#include "model/emulated_bf16.hpp"

#include "model/layers.hpp"
#include "model/test_support.hpp"
#include "model/transformer.hpp"
#include "train/device.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace vaso;
using tests::relative_error;
using tests::waves;

namespace {

template <class Layer>
void fill(Layer& layer) {
  double step = 0.1;
  for (at::Tensor parameter : layer.parameters()) {
    const at::NoGradGuard no_gradient;
    parameter.copy_(waves(parameter.sizes(), step += 0.13) * 0.3);
  }
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("emulated bf16: where the CPU has no instructions, under autocast or of that type") {
    const at::Tensor x = waves({2, 4});
    CHECK_FALSE(model::emulates_bf16(x));
    const bool slow = !train::multiplies_bf16(c10::kCPU);
    CHECK(model::emulates_bf16(x.to(at::kBFloat16)) == slow);
    const train::Precision precision("bf16", c10::kCPU);
    CHECK(model::emulates_bf16(x) == slow);
    const model::WithoutEmulation wide(x);
    CHECK((at::mm(x, x.t()).scalar_type() == (slow ? at::kFloat : at::kBFloat16)));
    CHECK((wide.operand(x.to(at::kBFloat16)).scalar_type() == (slow ? at::kFloat : at::kBFloat16)));
    CHECK_FALSE(wide.operand(at::Tensor()).defined());
  }

  TEST_CASE("convolutions and attention with positions in bf16: close to float32, gradients finite, weights float32") {
    model::Conv2d convolution(3, 8, 3);
    model::ConvTranspose2d enlargement(8, 4, 2);
    model::Attention attention(16, 2, 4);  // with relative positions: not the packed one
    fill(convolution);
    fill(enlargement);
    fill(attention);
    const at::Tensor map = waves({2, 3, 8, 8}, 0.7), tokens = waves({2, 16, 16}, 0.4);
    const auto forward = [&] {
      return std::pair(enlargement.forward(convolution.forward(map)), attention.forward(tokens).whole());
    };
    const auto exact = forward();
    std::pair<at::Tensor, at::Tensor> half;
    {
      const train::Precision precision("bf16", c10::kCPU);
      half = forward();
    }
    CHECK(relative_error(half.first, exact.first) < 2e-2);
    CHECK(relative_error(half.second, exact.second) < 2e-2);
    CHECK(relative_error(half.second, exact.second) > 1e-6);  // layers did round
    (half.first.to(at::kFloat).square().sum() + half.second.to(at::kFloat).square().sum()).backward();
    for (const torch::nn::Module* layer :
         std::initializer_list<const torch::nn::Module*>{&convolution, &enlargement, &attention}) {
      for (const at::Tensor& parameter : layer->parameters()) {
        CHECK((parameter.grad().scalar_type() == at::kFloat));
        CHECK(parameter.grad().isfinite().all().item<bool>());
      }
    }
  }
}
