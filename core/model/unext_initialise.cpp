// First weights of UNeXt-S.
#include "data/philox.hpp"
#include "model/unext.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <functional>

namespace vaso::model {

namespace {

void fill(at::Tensor parameter, const std::function<double()>& draw) {
  at::Tensor values = at::empty(parameter.sizes(), at::kFloat);
  float* value = values.data_ptr<float>();
  for (std::int64_t i = 0; i < values.numel(); ++i) value[i] = static_cast<float>(draw());
  parameter.copy_(values);
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// fc1 and fc2 are the only Linear layers, and all norms but "ebn" and "dbn" are LayerNorms.
bool linear(const std::string& name) { return contains(name, ".fc1.") || contains(name, ".fc2."); }
bool token_stage(const std::string& name) {
  return linear(name) || contains(name, ".dwconv.") || contains(name, "patch_embed");
}
bool layer_norm(const std::string& name) { return contains(name, "norm"); }

}  // namespace

void reinitialise_as_released(UnextS& network, std::uint64_t seed) {
  at::NoGradGuard no_grad;
  for (const auto& item : network.named_parameters()) {
    const std::string& name = item.key();
    at::Tensor parameter = item.value();
    const bool weight = name.ends_with(".weight");
    if (layer_norm(name)) {
      parameter.fill_(weight ? 1.0 : 0.0);
    } else if (linear(name) && weight) {
      Philox random(random_key(seed, "segmentor as released/" + name));
      const double bound = std::sqrt(6.0 / static_cast<double>(parameter.size(0) + parameter.size(1)));
      fill(parameter, [&] { return random.uniform(-bound, bound); });
    } else if (linear(name)) {
      parameter.zero_();
    }
  }
}

void initialise(UnextS& network, std::uint64_t seed) {
  at::NoGradGuard no_grad;
  std::int64_t fan_in = 1;  // of the layer at hand: a bias is drawn by its weight's, which comes first
  for (const auto& item : network.named_parameters()) {
    const std::string& name = item.key();
    at::Tensor parameter = item.value();
    const bool weight = name.ends_with(".weight");
    Philox random(random_key(seed, "segmentor/" + name));
    if (layer_norm(name) || contains(name, "bn")) {
      parameter.fill_(weight ? 1.0 : 0.0);
    } else if (token_stage(name) && !weight) {
      parameter.zero_();
    } else if (linear(name)) {
      fill(parameter, [&] { return 0.02 * random.normal(); });
    } else if (token_stage(name)) {
      // A depth-wise kernel has one output channel per group, so k² is its fan-out.
      const double fan_out = contains(name, ".dwconv.") ? 9.0 : 9.0 * static_cast<double>(parameter.size(0));
      const double deviation = std::sqrt(2.0 / fan_out);
      fill(parameter, [&] { return deviation * random.normal(); });
    } else {
      if (weight) fan_in = parameter.numel() / parameter.size(0);
      const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in));
      fill(parameter, [&] { return random.uniform(-bound, bound); });
    }
  }
}

}  // namespace vaso::model
