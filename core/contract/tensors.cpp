#include "contract/tensors.hpp"

#include "train/safetensors.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace vaso::contract {

bool same(const at::Tensor& a, const at::Tensor& b) {
  if (!a.defined() || !b.defined()) return a.defined() == b.defined();
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() && a.equal(b);
}

bool same(const Bag& a, const Bag& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](const auto& left, const auto& right) {
           return left.first == right.first && same(left.second, right.second);
         });
}

std::string text_of(const at::Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  const std::string type = at::toString(tensor.scalar_type());
  if (tensor.dim() == 0) return "a scalar of type " + type;
  return fmt::format("{} of type {}", fmt::join(tensor.sizes(), "×"), type);
}

std::string difference(const at::Tensor& a, const at::Tensor& b) {
  if (!a.defined() || !b.defined() || a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type())
    return fmt::format("{} against {}", text_of(a), text_of(b));
  return fmt::format("{} of {} values differ", a.ne(b).sum().item<std::int64_t>(), a.numel());
}

bool all_finite(const at::Tensor& tensor) { return tensor.isfinite().all().item<bool>(); }

Bag through_a_file(const Bag& state) {
  train::TensorFile content;
  for (const auto& [name, tensor] : state) content.tensors[name] = tensor.detach().cpu().contiguous();
  const auto file = std::filesystem::temp_directory_path() / fmt::format("vaso-state-{}.safetensors", ::getpid());
  train::write_safetensors(file, content);
  Bag read = train::read_safetensors(file).tensors;
  std::filesystem::remove(file);
  return read;
}

double relative_error(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor left = a.detach().cpu().to(at::kDouble), right = b.detach().cpu().to(at::kDouble);
  if (right.numel() == 0) return 0;
  return (left - right).abs().max().item<double>() / std::max(1e-6, right.abs().max().item<double>());
}

}  // namespace vaso::contract
