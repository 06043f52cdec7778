#include "model/packed_attention.hpp"
#include "model/test_support.hpp"

#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include <cmath>
#include <tuple>

using namespace vaso;
using tests::relative_error;
using tests::waves;

namespace {

// The textbook's form, in float64.
at::Tensor oracle(const at::Tensor& qkv, std::int64_t heads) {
  const std::int64_t batch = qkv.size(0), tokens = qkv.size(1), dim = qkv.size(2) / 3, width = dim / heads;
  const auto parts = qkv.reshape({batch, tokens, 3, heads, width}).permute({2, 0, 3, 1, 4}).unbind(0);
  const at::Tensor logits = at::matmul(parts[0], parts[1].transpose(-2, -1)) / std::sqrt(static_cast<double>(width));
  return at::matmul(at::softmax(logits, -1), parts[2]).transpose(1, 2).reshape({batch, tokens, dim});
}

struct Result {
  at::Tensor value, gradient;
};

template <class Attend>
Result run(const at::Tensor& values, std::int64_t heads, const Attend& attend) {
  const at::Tensor qkv = values.clone().set_requires_grad(true);
  const at::Tensor value = attend(qkv, heads);
  (value * waves(value.sizes(), 0.7).to(value.scalar_type())).sum().backward();
  return {value, qkv.grad()};
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("packed attention: values and gradients of the formula in float64, whatever the sizes") {
    for (const auto& [batch, tokens, heads, width] :
         {std::tuple{2, 5, 3, 4}, std::tuple{1, 1, 2, 8}, std::tuple{2, 197, 2, 32}, std::tuple{1, 600, 1, 16}}) {
      CAPTURE(tokens);
      const at::Tensor qkv = waves({batch, tokens, 3 * heads * width}, 0.37) * 2;
      if (!model::can_attend_packed(qkv)) {
        MESSAGE("not checked: this LibTorch has an attention of its own, or keeps its BLAS to itself");
        return;
      }
      const Result ours = run(qkv, heads, model::packed_attention);
      const Result exact = run(qkv.to(at::kDouble), heads, oracle);
      CHECK(relative_error(ours.value, exact.value) < 1e-6);
      CHECK(relative_error(ours.gradient, exact.gradient) < 1e-5);
    }
  }

  TEST_CASE("packed attention: logits far apart neither overflow nor vanish, and what is no number stays so") {
    at::Tensor qkv = waves({1, 40, 3 * 16}, 0.37) * 40;  // logits to ±6400
    if (!model::can_attend_packed(qkv)) return;
    const Result ours = run(qkv, 1, model::packed_attention);
    CHECK(relative_error(ours.value, oracle(qkv.to(at::kDouble), 1)) < 1e-4);
    CHECK(ours.gradient.isfinite().all().item<bool>());
    qkv[0][7][3] = std::nan("");
    CHECK(model::packed_attention(qkv, 1)[0][7].isnan().all().item<bool>());
  }

  TEST_CASE("packed attention: the same bits on one thread and on two") {
    const at::Tensor qkv = waves({3, 70, 3 * 24}, 0.37);
    if (!model::can_attend_packed(qkv)) return;
    const int threads = at::get_num_threads();
    at::set_num_threads(1);
    const Result one = run(qkv, 3, model::packed_attention);
    at::set_num_threads(2);
    const Result two = run(qkv, 3, model::packed_attention);
    at::set_num_threads(threads);
    CHECK(at::equal(one.value, two.value));
    CHECK(at::equal(one.gradient, two.gradient));
  }

  TEST_CASE("packed attention takes float32 on a CPU only: other types have LibTorch's") {
    CHECK_FALSE(model::can_attend_packed(waves({1, 4, 12}).to(at::kDouble)));
    CHECK_FALSE(model::can_attend_packed(waves({1, 4, 12}).to(at::kBFloat16)));
    CHECK_FALSE(model::can_attend_packed(waves({12, 4, 1}).transpose(0, 2)));
  }
}
