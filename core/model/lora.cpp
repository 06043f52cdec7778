#include "model/lora.hpp"

#include "config/diagnostics.hpp"
#include "data/philox.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace vaso::model {

namespace {

void check(std::int64_t rank, const std::vector<std::string>& targets) {
  const std::vector<std::string> known = {"qkv", "proj", "fc1", "fc2"};
  if (rank < 1) throw std::invalid_argument(fmt::format("the rank of a low-rank addition is at least 1, not {}", rank));
  if (targets.empty())
    throw std::invalid_argument("no layer is to get a low-rank addition: name qkv, proj, fc1 or fc2");
  for (const auto& target : targets) {
    if (std::count(known.begin(), known.end(), target) > 0) continue;
    throw std::invalid_argument(
        fmt::format("the encoder has no linear layer \"{}\"; {}", target, config::suggestion(target, known)));
  }
}

std::string last_part(const std::string& name) { return name.substr(name.rfind('.') + 1); }

}  // namespace

void add_lora(Vit& vit, std::int64_t rank, double alpha, const std::vector<std::string>& targets, std::uint64_t seed) {
  check(rank, targets);
  for (auto& parameter : vit.parameters()) parameter.set_requires_grad(false);
  at::NoGradGuard no_grad;
  for (const auto& item : vit.named_modules("", /*include_self=*/false)) {
    auto* linear = dynamic_cast<Linear*>(item.value().get());
    if (linear == nullptr || std::count(targets.begin(), targets.end(), last_part(item.key())) == 0) continue;
    linear->add_low_rank(rank, alpha / static_cast<double>(rank));
    at::Tensor a = linear->named_parameters()["lora_a"];
    const double bound = 1.0 / std::sqrt(static_cast<double>(a.size(1)));  // Kaiming uniform with a = √5
    Philox random(random_key(seed, item.key() + ".lora_a"));
    at::Tensor values = at::empty(a.sizes(), at::kFloat);
    float* value = values.data_ptr<float>();
    for (std::int64_t i = 0; i < values.numel(); ++i) value[i] = static_cast<float>(random.uniform(-bound, bound));
    a.copy_(values);
  }
}

void merge_lora(Vit& vit) {
  for (const auto& item : vit.named_modules("", /*include_self=*/false)) {
    if (auto* linear = dynamic_cast<Linear*>(item.value().get())) linear->merge_low_rank();
  }
}

}  // namespace vaso::model
