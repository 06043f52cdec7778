#include "model/rope.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <numbers>
#include <stdexcept>

namespace vaso::model {

namespace {

// L×d to the rows of each image that are kept: B×1×K×d.
at::Tensor kept_rows(const at::Tensor& table, const at::Tensor& keep) {
  if (!keep.defined()) return table.unsqueeze(0).unsqueeze(0);
  return table.index_select(0, keep.flatten()).reshape({keep.size(0), 1, keep.size(1), table.size(1)});
}

}  // namespace

at::Tensor rotate(const at::Tensor& x, const Rotation& by) {
  const std::int64_t turned = by.cos.size(2), first = x.size(2) - turned, half = x.size(3) / 2;
  const at::Tensor patches = x.narrow(2, first, turned);
  const at::Tensor swapped = at::cat({-patches.narrow(3, half, half), patches.narrow(3, 0, half)}, 3);
  const at::Tensor result = (patches * by.cos + swapped * by.sin).to(x.scalar_type());
  return first == 0 ? result : at::cat({x.narrow(2, 0, first), result}, 2);
}

at::Tensor rotary_periods(std::int64_t head_dim) {
  if (head_dim < 4 || head_dim % 4 != 0) {
    throw std::invalid_argument(fmt::format(
        "rotary positions need heads whose width is a multiple of 4, not {}: sine and cosine for rows and for columns",
        head_dim));
  }
  const at::Tensor exponent =
      2.0 * at::arange(head_dim / 4, at::TensorOptions().dtype(at::kDouble)) / (static_cast<double>(head_dim) / 2);
  return at::pow(100.0, exponent).to(at::kFloat);
}

RotaryPositions::RotaryPositions(std::int64_t head_dim)
    : periods_(register_buffer("periods", rotary_periods(head_dim))) {}

Rotation RotaryPositions::rotation(std::int64_t grid, const at::Tensor& keep) const {
  const at::Tensor place = (at::arange(grid, periods_.options().dtype(at::kFloat)) + 0.5) / grid * 2.0 - 1.0;
  const at::Tensor angle =
      2 * std::numbers::pi * place.unsqueeze(1) / periods_.to(at::kFloat).unsqueeze(0);  // g×d/4, of either axis
  const std::int64_t quarter = angle.size(1);
  const at::Tensor rows = angle.unsqueeze(1).expand({grid, grid, quarter});
  const at::Tensor columns = angle.unsqueeze(0).expand({grid, grid, quarter});
  const at::Tensor half = at::cat({rows, columns}, 2).reshape({grid * grid, 2 * quarter});
  const at::Tensor table = at::cat({half, half}, 1);
  return {kept_rows(at::cos(table), keep), kept_rows(at::sin(table), keep)};
}

}  // namespace vaso::model
