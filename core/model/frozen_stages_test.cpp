#include "model/frozen_stages.hpp"

#include "cuda/convolution.hpp"
#include "model/test_support.hpp"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

using namespace vaso;
using tests::relative_error;
using tests::waves;

// Convolutions are tested where they are used, in unext_test.cpp.
TEST_SUITE("unit") {
  TEST_CASE("the norm of short rows: values and gradients of LibTorch's in float64, whatever the number of rows") {
    for (const std::int64_t columns : {32, 64, 128}) {
      CAPTURE(columns);
      REQUIRE(cuda::is_row_length(columns));
      const at::Tensor values = waves({5, 13, columns}, 0.37) + 2, weight = waves({columns}, 0.5) + 1,
                       bias = waves({columns}, 0.9), given = waves({5, 13, columns}, 0.21);
      const at::Tensor x = values.clone().set_requires_grad(true);
      const at::Tensor exact = values.to(at::kDouble).set_requires_grad(true);
      const at::Tensor ours = model::norm_rows(x, weight, bias, 1e-5);
      const at::Tensor expected = at::layer_norm(exact, {columns}, weight.to(at::kDouble), bias.to(at::kDouble), 1e-5);
      CHECK(relative_error(ours, expected) < 1e-5);
      (ours * given).sum().backward();
      (expected * given.to(at::kDouble)).sum().backward();
      CHECK(relative_error(x.grad(), exact.grad()) < 1e-5);
    }
    CHECK_FALSE(cuda::is_row_length(48));
  }
}
