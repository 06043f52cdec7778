#include "detection/initialise.hpp"

#include "data/philox.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <string>
#include <string_view>

namespace vaso::detection {

namespace {

// Standard deviation of predictions and of the proposal network; 0 for all other parameters.
double small_deviation(std::string_view name) {
  std::string path = ".";
  path += name;
  if (path.find(".roi.head.box.") != std::string::npos) return 0.001;
  if (path.find(".roi.head.class.") != std::string::npos || path.find(".rpn.") != std::string::npos) return 0.01;
  return 0;
}

// The convolutions of ResNet and box head are followed by a ReLU, those of a pyramid are not.
bool before_relu(std::string_view name) { return name.find("pyramid.") == std::string_view::npos; }

void fill(at::Tensor parameter, const std::string& name, Philox random) {
  const at::Tensor values = at::empty(parameter.sizes(), at::kFloat);
  const auto draw_all = [&](const auto& draw) {
    float* value = values.data_ptr<float>();
    for (std::int64_t i = 0; i < values.numel(); ++i) value[i] = static_cast<float>(draw());
  };
  const double outputs = static_cast<double>(parameter.size(0));
  const double inputs = static_cast<double>(parameter.numel()) / outputs;
  if (const double deviation = small_deviation(name); deviation > 0) {
    draw_all([&] { return deviation * random.normal(); });
  } else if (parameter.dim() == 4 && before_relu(name)) {
    const double fan_out = outputs * static_cast<double>(parameter.size(2) * parameter.size(3));
    draw_all([&, scale = std::sqrt(2 / fan_out)] { return scale * random.normal(); });
  } else {
    draw_all([&, bound = std::sqrt(3 / inputs)] { return random.uniform(-bound, bound); });
  }
  parameter.copy_(values);
}

}  // namespace

void initialise(torch::nn::Module& module, std::uint64_t seed) {
  at::NoGradGuard no_grad;
  for (const auto& item : module.named_parameters()) {
    at::Tensor parameter = item.value();
    if (!parameter.requires_grad()) continue;
    if (parameter.dim() < 2) {
      parameter.fill_(item.key().ends_with("weight") ? 1.0 : 0.0);
    } else {
      fill(parameter, item.key(), Philox(random_key(seed, item.key())));
    }
  }
}

}  // namespace vaso::detection
