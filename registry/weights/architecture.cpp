#include "weights/architecture.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>

namespace vaso::weights {
namespace {

struct Size {
  std::string_view name;
  std::int64_t dim, depth, heads;
};
// As [model] of an experiment has them.
constexpr std::array<Size, 5> sizes = {{{"vit_ti", 192, 12, 3},
                                        {"vit_s", 384, 12, 6},
                                        {"vit_b", 768, 12, 12},
                                        {"vit_l", 1024, 24, 16},
                                        {"vit_h", 1280, 32, 16}}};

}  // namespace

std::string EncoderShape::traits() const {
  std::vector<std::string> settings;
  if (registers > 0) settings.push_back(fmt::format("registers = {}", registers));
  if (positions != "table") settings.push_back(fmt::format("positions = \"{}\"", positions));
  if (!class_token && !relative) settings.emplace_back("class_token = false");
  if (!final_norm) settings.emplace_back("final_norm = false");
  if (norm_eps != EncoderShape().norm_eps) settings.push_back(fmt::format("norm_eps = {:g}", norm_eps));
  return fmt::format("{}", fmt::join(settings, ", "));
}

std::string architecture_name(const EncoderShape& shape) {
  for (const Size& size : sizes) {
    if (size.dim == shape.dim && size.depth == shape.depth && size.heads == shape.heads)
      return fmt::format("{}_{}", size.name, shape.patch);
  }
  const std::string heads = shape.heads > 0 ? std::to_string(shape.heads) : "?";
  return fmt::format("ViT {}/{}/{} (dim/depth/heads), patch {}", shape.dim, shape.depth, heads, shape.patch);
}

std::int64_t usual_heads(std::int64_t dim) {
  for (const Size& size : sizes) {
    if (size.dim == dim) return size.heads;
  }
  return 0;
}

std::optional<EncoderShape> named_architecture(std::string_view name) {
  for (const Size& size : sizes) {
    if (!name.starts_with(size.name) || name.substr(size.name.size()).substr(0, 1) != "_") continue;
    const std::string_view patch = name.substr(size.name.size() + 1);
    EncoderShape shape;
    shape.dim = size.dim;
    shape.depth = size.depth;
    shape.heads = size.heads;
    const auto [end, error] = std::from_chars(patch.data(), patch.data() + patch.size(), shape.patch);
    if (error == std::errc() && end == patch.data() + patch.size() && shape.patch > 0) return shape;
  }
  return std::nullopt;
}

std::vector<std::string> architecture_names() {
  std::vector<std::string> names;
  for (const Size& size : sizes) names.push_back(fmt::format("{}_16", size.name));
  names.emplace_back("vit_b_14");
  return names;
}

}  // namespace vaso::weights
