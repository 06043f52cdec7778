#include "model/add_norm.hpp"

#include "cuda/test_support.hpp"
#include "model/test_support.hpp"
#include "train/device.hpp"

#include <ATen/ATen.h>

using namespace vaso;
using tests::relative_error;
using tests::waves;

namespace {

struct Gradients {
  at::Tensor sum, norm, x, branch, weight, bias;
};

// of_sum() of a layer with scales and shifts unlike 1 and 0, and the gradients of a function of both results.
Gradients run(std::int64_t dim, const at::Tensor& x_values, const at::Tensor& branch_values, bool use_sum) {
  model::LayerNorm layer(dim, 1e-6);
  layer.to(x_values.device(), x_values.scalar_type());
  {
    const at::NoGradGuard no_gradient;
    std::vector<at::Tensor> parameters = layer.parameters();
    parameters[0].copy_(waves({dim}, 0.9) * 0.2 + 1);
    parameters[1].copy_(waves({dim}, 0.4));
  }
  const at::Tensor x = x_values.clone().set_requires_grad(true);
  const at::Tensor branch = branch_values.defined() ? branch_values.clone().set_requires_grad(true) : at::Tensor();
  const model::SumAndNorm both = layer.of_sum(x, branch);
  const auto wide = [&](const at::Tensor& t) { return t.to(x_values.scalar_type()); };
  // Numbers that bf16 holds, so that the gradient of the norm is the same on both sides.
  const at::Tensor weighting = waves(x.sizes(), 0.7).to(at::kBFloat16).to(x.device(), x.scalar_type());
  at::Tensor total = (wide(both.norm) * weighting).sum();
  if (use_sum) total = total + (wide(both.sum) * weighting.flip(0)).sum();
  total.backward();
  return {both.sum,
          both.norm,
          x.grad(),
          branch.defined() ? branch.grad() : at::Tensor(),
          layer.parameters()[0].grad(),
          layer.parameters()[1].grad()};
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("the sum and its norm in one pass equal those of the plain layer in float64, and so do gradients") {
    if (cuda::no_gpu()) return;
    for (const std::int64_t dim : {192, 512, 768, 1024, 1280, 36}) {
      for (const bool with_branch : {false, true}) {
        for (const bool use_sum : {false, true}) {
          CAPTURE(dim);
          CAPTURE(with_branch);
          CAPTURE(use_sum);
          const at::Tensor x = waves({5, 37, dim}, 0.37) + 3;
          const at::Tensor branch = with_branch ? waves({5, 37, dim}, 0.21).to(at::kBFloat16) : at::Tensor();
          const Gradients exact =
              run(dim, x.to(at::kDouble), with_branch ? branch.to(at::kDouble) : at::Tensor(), use_sum);
          Gradients ours;
          {
            const train::Precision precision("bf16", c10::kCUDA);
            const at::Tensor there = x.to(c10::kCUDA), more = with_branch ? branch.to(c10::kCUDA) : at::Tensor();
            REQUIRE(model::can_add_norm(there, more));
            ours = run(dim, there, more, use_sum);
          }
          CHECK((ours.norm.scalar_type() == at::kBFloat16));
          CHECK((ours.sum.scalar_type() == at::kFloat));
          CHECK(relative_error(ours.sum.cpu(), exact.sum) < 1e-6);
          CHECK(relative_error(ours.norm.cpu(), exact.norm) < 4e-3);  // bf16 has 8 bits
          CHECK(relative_error(ours.x.cpu(), exact.x) < 1e-5);
          CHECK(relative_error(ours.weight.cpu(), exact.weight) < 1e-5);
          CHECK(relative_error(ours.bias.cpu(), exact.bias) < 1e-5);
          if (with_branch) CHECK(relative_error(ours.branch.cpu(), exact.branch) < 4e-3);
        }
      }
    }
  }

  TEST_CASE("only under autocast on a GPU, and for rows that the kernels take") {
    CHECK_FALSE(model::can_add_norm(waves({2, 8}, 0.1), {}));
    if (cuda::no_gpu()) return;
    const at::Tensor x = waves({2, 8}, 0.1).to(c10::kCUDA);
    CHECK_FALSE(model::can_add_norm(x, {}));
    const train::Precision precision("bf16", c10::kCUDA);
    CHECK(model::can_add_norm(x, {}));
    CHECK_FALSE(model::can_add_norm(x, x));                  // a branch in float32
    CHECK_FALSE(model::can_add_norm(x.slice(1, 0, 4), {}));  // not as it lies in memory
    CHECK_FALSE(model::can_add_norm(waves({2, 6}, 0.1).to(c10::kCUDA), {}));
    CHECK_FALSE(model::can_add_norm(waves({2, 4096}, 0.1).to(c10::kCUDA), {}));
  }
}
