#include "cuda/drawn_rows.hpp"

#include "cuda/draw.hpp"
#include "cuda/torch_stream.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

namespace vaso::cuda {
namespace {

at::Tensor drawn(Draw request, const at::Tensor& weights, at::Generator generator) {
  const at::Tensor w = weights.to(at::kDouble).contiguous();
  const at::Tensor seed = at::empty({2}, w.options().dtype(at::kLong)).random_(std::move(generator));
  const at::Tensor keys = at::empty_like(w), result = at::empty_like(w, w.options().dtype(at::kBool));
  request.rows = w.size(0);
  request.tokens = w.size(1);
  request.weights = w.data_ptr<double>();
  request.seed = seed.data_ptr<std::int64_t>();
  request.keys = keys.data_ptr<double>();
  request.drawn = result.data_ptr<bool>();
  w.is_cuda() ? draw(request, torch_stream(w.device())) : draw_on_cpu(request);
  return result;
}

}  // namespace

at::Tensor drawn_rows(const at::Tensor& weights, std::int64_t count, at::Generator generator) {
  Draw request;
  request.equal_count = count;
  return drawn(request, weights, std::move(generator));
}

at::Tensor drawn_rows(const at::Tensor& weights, const at::Tensor& count, at::Generator generator) {
  const at::Tensor counts = count.to(weights.device(), at::kLong).contiguous();
  Draw request;
  request.count = counts.data_ptr<std::int64_t>();
  return drawn(request, weights, std::move(generator));
}

}  // namespace vaso::cuda
