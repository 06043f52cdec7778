#include "model/resize_weights.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <stdexcept>

namespace vaso::model {

namespace {

// B×C×H×W to B×C×side×side. scale: of the coordinates, where it is not that of the sizes.
at::Tensor bicubic(const at::Tensor& map, std::int64_t side, bool antialias, std::optional<double> scale = {}) {
  if (scale) return at::upsample_bicubic2d(map, {side, side}, /*align_corners=*/false, *scale, *scale);
  return antialias ? at::_upsample_bicubic2d_aa(map, {side, side}, /*align_corners=*/false)
                   : at::upsample_bicubic2d(map, {side, side}, /*align_corners=*/false);
}

std::int64_t root(std::int64_t square) {
  return static_cast<std::int64_t>(std::floor(std::sqrt(static_cast<double>(square)) + 1e-9));
}

bool ends_with(const std::string& name, std::initializer_list<std::string_view> ends) {
  for (const auto end : ends) {
    if (name.ends_with(end)) return true;
  }
  return false;
}

std::string shape_text(const at::Tensor& tensor) {
  return fmt::format("{}", fmt::join(tensor.sizes().begin(), tensor.sizes().end(), "×"));
}

// A table of distances, 2a−1 rows of d, to 2b−1 rows.
at::Tensor resize_distances(const at::Tensor& table, std::int64_t rows) {
  return at::upsample_linear1d(table.t().unsqueeze(0), {rows}, /*align_corners=*/false).squeeze(0).t();
}

// Biases by difference, (2a−1)² rows and three of the class token, to another grid.
at::Tensor resize_bias(const at::Tensor& table, std::int64_t rows) {
  constexpr std::int64_t of_class_token = 3;
  const std::int64_t side = root(table.size(0) - of_class_token), new_side = root(rows - of_class_token);
  if (side * side + of_class_token != table.size(0) || new_side * new_side + of_class_token != rows) return {};
  const at::Tensor map = table.narrow(0, 0, side * side).t().reshape({1, table.size(1), side, side});
  const at::Tensor resized = bicubic(map.contiguous(), new_side, /*antialias=*/false).flatten(2).squeeze(0).t();
  return at::cat({resized, table.narrow(0, side * side, of_class_token)}, 0);
}

at::Tensor fit_positions(const at::Tensor& table, const VitShape& shape, PositionResize how) {
  const std::int64_t rows = table.size(1), side = root(rows), prefix = rows - side * side,
                     wanted = shape.class_tokens();
  if (prefix < wanted) return {};
  const at::Tensor kept = at::cat({table.narrow(1, 0, wanted), table.narrow(1, prefix, side * side)}, 1);
  return resize_positions(kept, wanted, shape.grid(), how);
}

// `stored` brought to the shape of `wanted`; undefined where there is no way.
at::Tensor fit(const std::string& name, const at::Tensor& stored, const at::Tensor& wanted, const VitShape& shape,
               const LoadOptions& options) {
  const at::Tensor values = stored.to(at::kFloat);
  at::Tensor fitted;
  if (name == "pos_embed" && values.dim() == 3 && values.size(0) == 1) {
    fitted = fit_positions(values, shape, options.positions);
  } else if (name == "patch_embed.proj.weight" && values.dim() == 4 && values.size(2) == values.size(3)) {
    fitted = resize_patch_kernel(values, shape.patch_size, options.patches);
  } else if (ends_with(name, {".rel_pos_h", ".rel_pos_w"}) && values.dim() == 2) {
    fitted = resize_distances(values, wanted.size(0));
  } else if (ends_with(name, {".relative_position_bias_table"}) && values.dim() == 2) {
    fitted = resize_bias(values, wanted.size(0));
  }
  return fitted.defined() && fitted.sizes() == wanted.sizes() ? fitted : at::Tensor();
}

// What to set so that a tensor of the file has its place; nullptr for one that the encoder gives the same without.
const char* needed_setting(const std::string& name, const VitShape& shape) {
  if (name == "rope_embed.periods") return "model.positions = \"rotary\"";
  if (ends_with(name, {".relative_position_bias_table"})) return "model.positions = \"relative_bias\"";
  if (ends_with(name, {".rel_pos_h", ".rel_pos_w"})) return "relative_positions = true in [downstream.NAME]";
  if (name == "norm.weight") return "model.final_norm = true";
  if (name == "pos_embed") return "model.positions = \"table\"";
  if (shape.raster_only()) return nullptr;  // left out on purpose
  if (name == "register_tokens") return "model.registers to their number";
  return name == "cls_token" ? "model.class_token = true" : nullptr;
}

// What to set where the file is of an encoder without it.
const char* way_without(const std::string& name) {
  if (name == "cls_token") return "; for an encoder without one, model.class_token = false";
  if (name == "norm.weight") return "; for an encoder without one, model.final_norm = false";
  return name == "pos_embed" ? "; for an encoder without a table, set model.positions" : "";
}

std::string line(const char* what, const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 6;
  std::string text = fmt::format("{} {}", names.size(), what);
  for (std::size_t i = 0; i < names.size() && i < kMost; ++i) text += (i == 0 ? ": " : ", ") + names[i];
  if (names.size() > kMost) text += fmt::format(" and {} more", names.size() - kMost);
  return text;
}

}  // namespace

at::Tensor resize_positions(const at::Tensor& table, std::int64_t prefix, std::int64_t new_grid, PositionResize how) {
  const std::int64_t patches = table.dim() == 3 ? table.size(1) - prefix : -1;
  const std::int64_t side = patches > 0 ? root(patches) : 0;
  if (patches <= 0 || side * side != patches || new_grid <= 0) {
    throw std::invalid_argument(
        fmt::format("a position table is 1×({}+g²)×D and this one is {}; it cannot be resized to {}² patches", prefix,
                    shape_text(table), new_grid));
  }
  if (side == new_grid) return table;
  const std::int64_t dim = table.size(2);
  const at::Tensor grid = table.narrow(1, prefix, patches).reshape({1, side, side, dim}).permute({0, 3, 1, 2});
  std::optional<double> scale;
  if (how == PositionResize::offset) scale = (static_cast<double>(new_grid) + 0.1) / static_cast<double>(side);
  const at::Tensor resized = bicubic(grid.contiguous(), new_grid, how == PositionResize::antialias, scale);
  return at::cat({table.narrow(1, 0, prefix), resized.flatten(2).transpose(1, 2)}, 1);
}

at::Tensor resize_patch_kernel(const at::Tensor& weight, std::int64_t new_patch, PatchResize how) {
  const std::int64_t patch = weight.size(-1);
  if (patch == new_patch) return weight;
  if (how == PatchResize::bicubic) return bicubic(weight, new_patch, /*antialias=*/false);
  // Column i of B is what resampling makes of a patch that is 1 at pixel i: B·x = resampled x. Sought is w' with
  // ⟨B·x, w'⟩ = ⟨x, w⟩ for all x: w' = pinv(Bᵀ)·w.
  const std::int64_t pixels = patch * patch;
  const at::Tensor basis = at::eye(pixels, weight.options().dtype(at::kDouble)).reshape({pixels, 1, patch, patch});
  const at::Tensor transposed = bicubic(basis, new_patch, /*antialias=*/true).reshape({pixels, -1});  // Bᵀ
  const at::Tensor values =
      at::matmul(weight.to(at::kDouble).flatten(2), at::linalg_pinv(transposed).t()).to(weight.scalar_type());
  return values.reshape({weight.size(0), weight.size(1), new_patch, new_patch});
}

std::string LoadReport::to_text() const {
  std::string text = fmt::format("{} tensors loaded", loaded.size());
  if (!resized.empty()) text.append("\n").append(line("resized", resized));
  if (!missing.empty()) text.append("\n").append(line("new", missing));
  if (!unexpected.empty()) text.append("\n").append(line("in the file and not used", unexpected));
  return text;
}

LoadReport load_encoder(Vit& vit, const Bag& from, const LoadOptions& options) {
  at::NoGradGuard no_grad;
  LoadReport report;
  Bag fitted;
  std::string faults;
  const Bag into = weights(vit);
  for (const auto& [name, tensor] : into) {
    const auto found = from.find(name);
    if (found == from.end()) {
      if (ends_with(name, {".rel_pos_h", ".rel_pos_w", ".relative_position_bias_table", ".lora_a", ".lora_b"})) {
        report.missing.push_back(name);
      } else if (name != "rope_embed.periods") {
        faults += fmt::format("\n  {}: missing, {} wanted{}", name, shape_text(tensor), way_without(name));
      }
      continue;
    }
    const at::Tensor& stored = found->second;
    if (stored.sizes() == tensor.sizes()) {
      fitted[name] = stored;
      report.loaded.push_back(name);
    } else if (const at::Tensor resized = fit(name, stored, tensor, vit.shape(), options); resized.defined()) {
      fitted[name] = resized;
      report.resized.push_back(fmt::format("{}: {} → {}", name, shape_text(stored), shape_text(tensor)));
    } else {
      faults +=
          fmt::format("\n  {}: the encoder has {}, the weights have {}", name, shape_text(tensor), shape_text(stored));
    }
  }
  for (const auto& [name, tensor] : from) {
    if (into.count(name) > 0) continue;
    report.unexpected.push_back(name);
    if (const char* setting = needed_setting(name, vit.shape()); setting != nullptr)
      faults += fmt::format("\n  {}: the encoder has no place for it; set {}", name, setting);
  }
  if (!faults.empty()) {
    throw WeightError(
        "these weights are not of this encoder; check its size (model.encoder) and the file. What does not fit:" +
        faults);
  }
  for (const auto& [name, tensor] : fitted) at::Tensor(into.at(name)).copy_(tensor);
  return report;
}

}  // namespace vaso::model
