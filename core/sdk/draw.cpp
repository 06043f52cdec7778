// Drawing masks for a whole batch at once.
#include "sdk/draw_cpu.hpp"
#include "sdk/masking.hpp"

#include "cuda/device.hpp"
#include "cuda/drawn_rows.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <ATen/TensorOperators.h>

#include <limits>

namespace vaso {
namespace {

constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

// From (0,1), in float64.
at::Tensor even_draws(at::IntArrayRef sizes, const at::TensorOptions& options, at::Generator generator) {
  at::Tensor u = at::empty(sizes, options.dtype(at::kDouble));
  return u.uniform_(std::numeric_limits<double>::min(), 1.0, std::move(generator));
}

// Standard Gumbel noise, −log(−log u). In float64: with float32, u rounds to 1 once in 2^24 draws and its noise to +∞.
at::Tensor gumbel(const at::Tensor& like, at::Generator generator) {
  return -(-even_draws(like.sizes(), like.options(), std::move(generator)).log()).log();
}

}  // namespace

at::Tensor draw_weighted(const at::Tensor& weights, std::int64_t count, at::Generator generator) {
  if (weights.is_cuda() && cuda::available()) return cuda::drawn_rows(weights, count, generator);
  const at::Tensor w = weights.to(at::kDouble);
  at::Tensor drawn = at::zeros(w.sizes(), w.options().dtype(at::kBool));
  if (count <= 0 || w.numel() == 0) return drawn;
  if (w.is_cpu()) {
    const at::Tensor rows = w.contiguous();
    const at::Tensor log_u = even_draws(w.sizes(), w.options(), std::move(generator)).log_();
    draw_weighted_rows(rows.data_ptr<double>(), log_u.data_ptr<double>(), w.size(0), w.size(1), count,
                       drawn.data_ptr<bool>());
    return drawn;
  }
  const at::Tensor keys = w.log() + gumbel(w, std::move(generator));  // log 0 = −∞: never before a positive weight
  const auto [values, indices] = keys.topk(count, /*dim=*/1);
  drawn.scatter_(1, indices, values > minus_infinity);
  return drawn;
}

at::Tensor draw_evenly(const at::Tensor& taken, const at::Tensor& count, at::Generator generator) {
  if (taken.is_cuda() && cuda::available()) return cuda::drawn_rows(taken.logical_not(), count, generator);
  if (taken.is_cpu()) {
    at::Tensor drawn = at::zeros(taken.sizes(), taken.options());
    const at::Tensor rows = taken.contiguous(), counts = count.to(at::kCPU, at::kLong).contiguous();
    const std::int64_t draws = counts.clamp_min(0).sum().item<std::int64_t>();
    const at::Tensor u = even_draws({draws}, taken.options(), std::move(generator));
    draw_evenly_rows(rows.data_ptr<bool>(), counts.data_ptr<std::int64_t>(), u.data_ptr<double>(), taken.size(0),
                     taken.size(1), drawn.data_ptr<bool>());
    return drawn;
  }
  at::Tensor keys = at::empty(taken.sizes(), taken.options().dtype(at::kDouble));
  keys.uniform_(0.0, 1.0, std::move(generator));
  keys.masked_fill_(taken, 2.0);       // after every free token
  constexpr std::int64_t columns = 1;  // typed: a plain 1 could also mean `stable`
  const at::Tensor rank = keys.argsort(columns).argsort(columns);
  return (rank < count.to(rank.device()).unsqueeze(1)).logical_and(taken.logical_not());
}

std::int64_t kept_tokens(std::int64_t tokens, double ratio) {
  return static_cast<std::int64_t>(static_cast<double>(tokens) * (1.0 - ratio));
}

}  // namespace vaso
