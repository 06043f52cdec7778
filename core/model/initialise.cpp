// First weights and fixed position tables.
#include "data/philox.hpp"
#include "model/vit.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace vaso::model {

namespace {

bool ends_with_part(const std::string& name, std::string_view part) {
  return name == part ||
         (name.size() > part.size() && name.ends_with(part) && name[name.size() - part.size() - 1] == '.');
}

}  // namespace

at::Tensor sincos_positions(std::int64_t dim, std::int64_t grid) {
  if (dim % 4 != 0) {
    throw std::invalid_argument(fmt::format(
        "sine-cosine positions need a width that is a multiple of 4, not {}: half for the column, half for the "
        "row, each half sine and half cosine",
        dim));
  }
  const auto options = at::TensorOptions().dtype(at::kDouble);
  const std::int64_t quarter = dim / 4;
  const at::Tensor frequency = at::pow(10000.0, -at::arange(quarter, options) / static_cast<double>(quarter));  // dim/4
  const at::Tensor angle = at::arange(grid, options).unsqueeze(1) * frequency.unsqueeze(0);  // g×dim/4
  const at::Tensor one_axis = at::cat({at::sin(angle), at::cos(angle)}, 1);                  // g×dim/2
  const at::Tensor column = one_axis.unsqueeze(0).expand({grid, grid, dim / 2});
  const at::Tensor row = one_axis.unsqueeze(1).expand({grid, grid, dim / 2});
  const at::Tensor patches = at::cat({column, row}, 2).reshape({grid * grid, dim});
  return at::cat({at::zeros({1, dim}, options), patches}, 0).unsqueeze(0).to(at::kFloat);
}

void initialise(torch::nn::Module& module, std::uint64_t seed, const std::string& prefix) {
  at::NoGradGuard no_grad;
  for (const auto& item : module.named_parameters()) {
    at::Tensor parameter = item.value();
    if (!parameter.requires_grad() || ends_with_part(item.key(), "pos_embed")) continue;
    if (ends_with_part(item.key(), "rel_pos_h") || ends_with_part(item.key(), "rel_pos_w") ||
        ends_with_part(item.key(), "relative_position_bias_table")) {
      parameter.zero_();
      continue;
    }
    const bool token = ends_with_part(item.key(), "cls_token") || ends_with_part(item.key(), "mask_token") ||
                       ends_with_part(item.key(), "register_tokens");
    if (!token && parameter.dim() < 2) {
      parameter.fill_(ends_with_part(item.key(), "weight") ? 1.0 : 0.0);
      continue;
    }
    Philox random(random_key(seed, prefix + item.key()));
    at::Tensor values = at::empty(parameter.sizes(), at::kFloat);
    float* value = values.data_ptr<float>();
    const double outputs = static_cast<double>(parameter.size(0));
    const double inputs = static_cast<double>(parameter.numel()) / outputs;
    const double bound = std::sqrt(6.0 / (inputs + outputs));
    for (std::int64_t i = 0; i < values.numel(); ++i) {
      value[i] = static_cast<float>(token ? 0.02 * random.normal() : random.uniform(-bound, bound));
    }
    parameter.copy_(values);
  }
}

}  // namespace vaso::model
