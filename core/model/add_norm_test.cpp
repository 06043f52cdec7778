#include "model/add_norm.hpp"

#include "model/test_support.hpp"
#include "train/device.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

using namespace vaso;
using tests::devices;
using tests::relative_error;
using tests::waves;

namespace {

struct Results {
  at::Tensor sum, norm, x_gradient, branch_gradient, branch_bias_gradient, weight_gradient, bias_gradient;
};

// of_sum() of a layer with scales and shifts unlike 1 and 0, and the gradients of a function of both results.
Results run(std::int64_t dim, const model::Residual& values, bool use_sum) {
  const at::TensorOptions wide = values.x.options().dtype(values.low.defined() ? at::kFloat : values.x.scalar_type());
  model::LayerNorm layer(dim, 1e-6);
  layer.to(wide.device(), c10::typeMetaToScalarType(wide.dtype()));
  {
    const at::NoGradGuard no_gradient;
    std::vector<at::Tensor> parameters = layer.parameters();
    parameters[0].copy_(waves({dim}, 0.9) * 0.2 + 1);
    parameters[1].copy_(waves({dim}, 0.4));
  }
  model::Residual in = values;
  in.x = values.x.clone().set_requires_grad(true);
  for (at::Tensor* t : {&in.branch.value, &in.branch.bias}) {
    if (t->defined()) *t = t->clone().set_requires_grad(true);
  }
  const model::SumAndNorm both = layer.of_sum(in);
  // Numbers that bf16 holds, so that the gradient of the norm is the same on both sides; like x in part, so that the
  // weight's is no sum of what cancels.
  const at::Tensor weighting =
      (waves(values.x.sizes(), 0.7) + waves(values.x.sizes(), 0.37)).to(at::kBFloat16).to(wide);
  at::Tensor total = (both.norm.to(wide) * weighting).sum();
  if (use_sum) total = total + (both.sum.x.to(wide) * weighting.flip(0)).sum();
  total.backward();
  return {both.sum.sum(),
          both.norm,
          in.x.grad(),
          in.branch.value.defined() ? in.branch.value.grad() : at::Tensor(),
          in.branch.bias.defined() ? in.branch.bias.grad() : at::Tensor(),
          layer.parameters()[0].grad(),
          layer.parameters()[1].grad()};
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("the sum and its norm in one pass equal those of the plain layer in float64, and so do gradients") {
    for (const c10::Device device : devices()) {
      for (const std::int64_t dim : {192, 384, 512, 768, 1024, 1280, 40}) {
        for (const int kind : {0, 1, 2}) {  // without a branch, with one, with one and its bias and x in two parts
          for (const bool use_sum : {false, true}) {
            CAPTURE(device.str());
            CAPTURE(dim);
            CAPTURE(kind);
            CAPTURE(use_sum);
            model::Residual in{waves({5, 37, dim}, 0.37) + 3, {}, {}};
            if (kind > 0) in.branch.value = waves({5, 37, dim}, 0.21).to(at::kBFloat16);
            if (kind == 2) in.branch.bias = waves({dim}, 0.77);
            model::Residual exact_in = in;
            for (at::Tensor* t : {&exact_in.x, &exact_in.branch.value, &exact_in.branch.bias}) {
              if (t->defined()) *t = t->to(at::kDouble);
            }
            if (kind == 2) {
              const at::Tensor x = in.x;
              in.x = x.to(at::kBFloat16);
              in.low = (x - in.x).to(at::kBFloat16);
              exact_in.x = in.x.to(at::kDouble) + in.low.to(at::kDouble);
            }
            const Results exact = run(dim, exact_in, use_sum);
            Results ours;
            {
              const train::Precision precision("bf16", device);
              for (at::Tensor* t : {&in.x, &in.branch.value, &in.branch.bias, &in.low}) {
                if (t->defined()) *t = t->to(device);
              }
              REQUIRE(model::can_add_norm(in));
              ours = run(dim, in, use_sum);
            }
            CHECK((ours.norm.scalar_type() == at::kBFloat16));
            CHECK((ours.sum.scalar_type() == at::kFloat));
            CHECK((ours.x_gradient.scalar_type() == in.x.scalar_type()));
            CHECK(relative_error(ours.sum.cpu(), exact.sum) < 4e-6);    // two bf16: 16 bits
            CHECK(relative_error(ours.norm.cpu(), exact.norm) < 4e-3);  // bf16 has 8 bits
            CHECK(relative_error(ours.bias_gradient.cpu(), exact.bias_gradient) < 1e-5);
            // What a gradient sees of x, whose mean is four times its deviation, has 8 bits.
            CHECK(relative_error(ours.x_gradient.cpu(), exact.x_gradient) < 1e-2);
            CHECK(relative_error(ours.weight_gradient.cpu(), exact.weight_gradient) < 4e-3);
            if (kind == 2) CHECK(relative_error(ours.branch_bias_gradient.cpu(), exact.branch_bias_gradient) < 4e-3);
            if (kind > 0) CHECK(relative_error(ours.branch_gradient.cpu(), exact.branch_gradient) < 1e-2);
          }
        }
      }
    }
  }

  TEST_CASE("only under autocast, and on a GPU for rows that the kernels take") {
    for (const c10::Device device : devices()) {
      CAPTURE(device.str());
      const at::Tensor x = waves({2, 16}, 0.1).to(device);
      CHECK_FALSE(model::can_add_norm({x, {}, {}}));
      const train::Precision precision("bf16", device);
      const at::Tensor half = x.to(at::kBFloat16);
      CHECK(model::can_add_norm({x, {half, {}}, {}}));
      CHECK(model::can_add_norm({half, {half, {}}, half}));
      CHECK_FALSE(model::can_add_norm({x, {x, {}}, {}}));            // a branch in float32
      CHECK_FALSE(model::can_add_norm({half, {half, {}}, {}}));      // bf16, but without what that lost
      CHECK_FALSE(model::can_add_norm({x.slice(1, 0, 8), {}, {}}));  // not as it lies in memory
      CHECK_FALSE(model::can_add_norm({x.slice(0, 0, 0), {}, {}}));
      const bool any = device.is_cpu();
      CHECK(model::can_add_norm({waves({2, 12}, 0.1).to(device), {}, {}}) == any);
      CHECK(model::can_add_norm({waves({2, 4096}, 0.1).to(device), {}, {}}) == any);
    }
  }

  TEST_CASE("the sum and its norm on a CPU: the same bits on one thread and on two") {
    const train::Precision precision("bf16", c10::kCPU);
    const int threads = at::get_num_threads();
    const model::Residual in{waves({5, 37, 40}, 0.37) + 3, {waves({5, 37, 40}, 0.21).to(at::kBFloat16), {}}, {}};
    at::set_num_threads(1);
    const Results one = run(40, in, true);
    at::set_num_threads(2);
    const Results two = run(40, in, true);
    at::set_num_threads(threads);
    CHECK(at::equal(one.norm, two.norm));
    CHECK(at::equal(one.x_gradient, two.x_gradient));
    CHECK(at::equal(one.weight_gradient, two.weight_gradient));
  }
}
