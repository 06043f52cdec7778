#include "model/packed_attention.hpp"

#include "cuda/attention.hpp"
#include "cuda/test_support.hpp"
#include "model/test_support.hpp"
#include "train/torch_compat.hpp"

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

struct PackedResult {
  at::Tensor value, gradient;
};

template <class Attend>
PackedResult run(const at::Tensor& values, std::int64_t heads, const Attend& attend) {
  const at::Tensor qkv = values.clone().set_requires_grad(true);
  const at::Tensor value = attend(qkv, heads);
  (value * waves(value.sizes(), 0.7).to(value.device(), value.scalar_type())).sum().backward();
  return {value, qkv.grad()};
}

at::Tensor of_libtorch(const at::Tensor& qkv, std::int64_t heads) {
  const auto parts = qkv.reshape({qkv.size(0), qkv.size(1), 3, heads, -1}).permute({2, 0, 3, 1, 4}).unbind(0);
  return compat::attend(parts[0], parts[1], parts[2]).transpose(1, 2).reshape({qkv.size(0), qkv.size(1), -1});
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("packed attention: values and gradients of the formula in float64, whatever the sizes") {
    for (const auto& [batch, tokens, heads, width] :
         {std::tuple{2, 5, 3, 4}, std::tuple{1, 1, 2, 8}, std::tuple{2, 197, 2, 32}, std::tuple{1, 600, 1, 16}}) {
      CAPTURE(tokens);
      const at::Tensor qkv = waves({batch, tokens, 3 * heads * width}, 0.37) * 2;
      if (!model::can_attend_packed(qkv, heads)) {
        MESSAGE("not checked: this LibTorch has an attention of its own, or keeps its BLAS to itself");
        return;
      }
      const PackedResult ours = run(qkv, heads, model::packed_attention);
      const PackedResult exact = run(qkv.to(at::kDouble), heads, oracle);
      CHECK(relative_error(ours.value, exact.value) < 1e-6);
      CHECK(relative_error(ours.gradient, exact.gradient) < 1e-5);
    }
  }

  TEST_CASE("packed attention on a GPU: values and gradients of the formula in float64, of the same bf16 numbers") {
    if (cuda::no_gpu()) return;
    for (const auto& [batch, tokens, heads, width] :
         {std::tuple{2, 5, 3, 32}, std::tuple{1, 1, 2, 64}, std::tuple{3, 16, 2, 64}, std::tuple{2, 99, 12, 64},
          std::tuple{2, 197, 16, 32}, std::tuple{1, 257, 3, 64}, std::tuple{1, 380, 1, 64},
          std::tuple{1, 700, 1, 32}}) {
      CAPTURE(tokens);
      CAPTURE(width);
      const at::Tensor qkv = waves({batch, tokens, 3 * heads * width}, 0.37).to(c10::kCUDA, at::kBFloat16);
      REQUIRE(model::can_attend_packed(qkv, heads));
      const PackedResult ours = run(qkv, heads, model::packed_attention),
                         again = run(qkv, heads, model::packed_attention);
      const PackedResult exact = run(qkv.cpu().to(at::kDouble), heads, oracle);
      // Softmax and its gradient are rounded to bf16 on the way, as by LibTorch's own kernels: no better, no worse.
      const PackedResult theirs = run(qkv, heads, of_libtorch);
      CHECK(relative_error(ours.value.cpu(), exact.value) < 5e-3);
      CHECK(relative_error(ours.gradient.cpu(), exact.gradient) <
            1.5 * relative_error(theirs.gradient.cpu(), exact.gradient) + 2e-3);
      CHECK(ours.value.equal(again.value));
      CHECK(ours.gradient.equal(again.gradient));
    }
  }

  TEST_CASE("packed attention on a GPU: logits far apart, no number, and shapes that the kernels do not take") {
    if (cuda::no_gpu()) return;
    at::Tensor qkv = (waves({2, 40, 3 * 64}, 0.37) * 40).to(c10::kCUDA, at::kBFloat16);
    const PackedResult ours = run(qkv, 1, model::packed_attention);
    CHECK(relative_error(ours.value.cpu(), oracle(qkv.cpu().to(at::kDouble), 1)) < 1e-2);
    CHECK(ours.gradient.isfinite().all().item<bool>());
    qkv[1][3][128] = NAN;  // a value of the second image
    const at::Tensor spoilt = model::packed_attention(qkv, 1);
    CHECK(spoilt[1].select(1, 0).isnan().all().item<bool>());
    CHECK(spoilt[0].isfinite().all().item<bool>());
    CHECK_FALSE(cuda::can_attend({1, 20000, 1, 64}));
    CHECK_FALSE(cuda::can_attend({1, 20, 1, 48}));
    CHECK_FALSE(cuda::can_attend({0, 20, 1, 64}));
    CHECK_FALSE(model::can_attend_packed(qkv.to(at::kFloat), 1));
  }

  TEST_CASE("packed attention: logits far apart neither overflow nor vanish, and what is no number stays so") {
    at::Tensor qkv = waves({1, 40, 3 * 16}, 0.37) * 40;  // logits to ±6400
    if (!model::can_attend_packed(qkv, 1)) return;
    const PackedResult ours = run(qkv, 1, model::packed_attention);
    CHECK(relative_error(ours.value, oracle(qkv.to(at::kDouble), 1)) < 1e-4);
    CHECK(ours.gradient.isfinite().all().item<bool>());
    qkv[0][7][3] = std::nan("");
    CHECK(model::packed_attention(qkv, 1)[0][7].isnan().all().item<bool>());
  }

  TEST_CASE("packed attention: the same bits on one thread and on two") {
    const at::Tensor qkv = waves({3, 70, 3 * 24}, 0.37);
    if (!model::can_attend_packed(qkv, 1)) return;
    const int threads = at::get_num_threads();
    at::set_num_threads(1);
    const PackedResult one = run(qkv, 3, model::packed_attention);
    at::set_num_threads(2);
    const PackedResult two = run(qkv, 3, model::packed_attention);
    at::set_num_threads(threads);
    CHECK(at::equal(one.value, two.value));
    CHECK(at::equal(one.gradient, two.gradient));
  }

  TEST_CASE("packed attention in bf16 on a CPU: values and gradients of the formula in float64, of the same numbers") {
    for (const auto& [batch, tokens, heads, width] :
         {std::tuple{2, 5, 3, 4}, std::tuple{1, 1, 2, 8}, std::tuple{2, 197, 3, 32}, std::tuple{1, 600, 2, 16}}) {
      CAPTURE(tokens);
      const at::Tensor qkv = (waves({batch, tokens, 3 * heads * width}, 0.37) * 2).to(at::kBFloat16);
      if (!model::can_attend_packed(qkv, heads)) return;
      const PackedResult ours = run(qkv, heads, model::packed_attention);
      const PackedResult exact = run(qkv.to(at::kDouble), heads, oracle);
      CHECK((ours.value.scalar_type() == at::kBFloat16));
      CHECK(relative_error(ours.value, exact.value) < 4e-3);
      // The output that the gradient is made from is rounded: no worse than LibTorch's, which rounds the weights too.
      const double theirs = relative_error(run(qkv, heads, of_libtorch).gradient, exact.gradient);
      CHECK(relative_error(ours.gradient, exact.gradient) < theirs + 2e-3);
    }
  }

  TEST_CASE("packed attention takes float32 and bf16 on a CPU: other types have LibTorch's") {
    CHECK_FALSE(model::can_attend_packed(waves({1, 4, 12}).to(at::kDouble), 1));
    CHECK_FALSE(model::can_attend_packed(waves({12, 4, 1}).transpose(0, 2), 1));
  }
}
