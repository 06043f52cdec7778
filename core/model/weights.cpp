#include "model/weights.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace vaso::model {

namespace {

std::string shape_text(const at::Tensor& tensor) {
  return tensor.dim() == 0 ? "scalar" : fmt::format("{}", fmt::join(tensor.sizes().begin(), tensor.sizes().end(), "×"));
}

// A few lines suffice to see what went wrong; the wrong network altogether would give hundreds.
std::string listed(const std::vector<std::string>& lines) {
  constexpr std::size_t kMost = 8;
  std::string text;
  for (std::size_t i = 0; i < lines.size() && i < kMost; ++i) text += "\n  " + lines[i];
  if (lines.size() > kMost) text += fmt::format("\n  … and {} more", lines.size() - kMost);
  return text;
}

}  // namespace

Bag weights(const torch::nn::Module& module, const std::string& prefix) {
  Bag bag;
  for (const auto& item : module.named_parameters()) bag[prefix + item.key()] = item.value();
  for (const auto& item : module.named_buffers()) bag[prefix + item.key()] = item.value();
  return bag;
}

std::vector<std::string> load_weights(torch::nn::Module& module, const Bag& from, const std::string& prefix) {
  const Bag into = weights(module, prefix);
  std::vector<std::string> faults;
  for (const auto& [name, tensor] : into) {
    const auto found = from.find(name);
    if (found == from.end()) {
      faults.push_back(name + ": missing");
    } else if (found->second.sizes() != tensor.sizes()) {
      faults.push_back(fmt::format("{}: the network has {}, the weights have {}", name, shape_text(tensor),
                                   shape_text(found->second)));
    }
  }
  if (!faults.empty()) {
    throw WeightError(
        fmt::format("{} of {} tensors do not fit this network:{}", faults.size(), into.size(), listed(faults)));
  }
  at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : into) at::Tensor(tensor).copy_(from.at(name));
  std::vector<std::string> unused;
  for (const auto& [name, tensor] : from) {
    if (name.starts_with(prefix) && into.count(name) == 0) unused.push_back(name);
  }
  return unused;
}

}  // namespace vaso::model
