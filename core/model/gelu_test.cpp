#include "model/gelu.hpp"

#include "model/test_support.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace vaso;
using tests::waves;

namespace {

struct GeluResult {
  at::Tensor value, gradient;
};

GeluResult run_gelu(const at::Tensor& values) {
  const at::Tensor x = values.clone().set_requires_grad(true);
  const at::Tensor value = model::gelu(x);
  value.backward(at::ones_like(value));
  return {value.detach(), x.grad()};
}

double worst(const at::Tensor& ours, const at::Tensor& exact, const at::Tensor& allowed) {
  return ((ours.to(at::kDouble) - exact).abs() / allowed).max().item<double>();
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("GELU and its gradient are those of float64, in float32 and in bf16, on as many threads as there are") {
    const at::Tensor x = at::linspace(-12, 12, 40'001, at::kFloat);
    const GeluResult ours = run_gelu(x), exact = run_gelu(x.to(at::kDouble));
    const at::Tensor size = x.to(at::kDouble).abs();
    CHECK(worst(ours.value, exact.value, 3e-7 * size + 1e-12) < 1);
    CHECK(worst(ours.gradient, exact.gradient, 3e-7 * (1 + size)) < 1);

    const at::Tensor half = x.to(at::kBFloat16);
    const GeluResult ours_half = run_gelu(half), exact_half = run_gelu(half.to(at::kDouble));
    const auto rounded = [&](const at::Tensor& value) { return value.abs() / 256 + 3e-7 * (1 + size); };
    CHECK((ours_half.value.scalar_type() == at::kBFloat16));
    CHECK(worst(ours_half.value, exact_half.value, rounded(exact_half.value)) < 1);
    CHECK(worst(ours_half.gradient, exact_half.gradient, rounded(exact_half.gradient)) < 1);
    // To the nearest, not towards zero: the same as rounding what float32 gives.
    CHECK(ours_half.value.equal(run_gelu(half.to(at::kFloat)).value.to(at::kBFloat16)));
  }

  TEST_CASE("GELU of maps whose memory is not in order, of one value, of none, and of what is no number") {
    const at::Tensor map = waves({2, 3, 5, 7}, 0.9).permute({0, 2, 3, 1});
    CHECK(tests::relative_error(model::gelu(map), at::gelu(map.to(at::kDouble))) < 1e-6);
    CHECK(model::gelu(at::ones({1}, at::kFloat)).item<float>() == doctest::Approx(0.8413447).epsilon(1e-6));
    CHECK(model::gelu(at::empty({0, 4}, at::kFloat)).numel() == 0);
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
      const at::Tensor odd = at::full({1}, std::numeric_limits<double>::quiet_NaN(), type);
      CHECK(model::gelu(odd).isnan().item<bool>());
      CHECK(std::isinf(model::gelu(at::full({1}, INFINITY, type)).to(at::kFloat).item<float>()));
    }
  }

  TEST_CASE("a layer's own GELU: the gradient of its input and, summed over rows, of the bias before it") {
    for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
      const at::Tensor hidden = (waves({37, 24}, 0.31) * 3).to(type), gradient = waves({37, 24}, 0.7).to(type);
      const at::Tensor exact = at::gelu_backward(gradient.to(at::kDouble), hidden.to(at::kDouble));
      const model::GeluGradient ours = model::gelu_gradient(hidden, gradient);
      CHECK((ours.hidden.scalar_type() == type));
      CHECK(tests::relative_error(ours.hidden, exact) < (type == at::kFloat ? 1e-6 : 4e-3));
      CHECK((ours.sums.scalar_type() == at::kFloat));
      CHECK(tests::relative_error(ours.sums, ours.hidden.to(at::kDouble).sum(0)) < 1e-6);
      CHECK(tests::relative_error(model::gelu_values(hidden), at::gelu(hidden.to(at::kDouble))) <
            (type == at::kFloat ? 1e-6 : 4e-3));
    }
  }
}
