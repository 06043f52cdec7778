#include "data/philox.hpp"
#include "model/layers.hpp"
#include "model/segmentation_decoder.hpp"

#include <ATen/ATen.h>

#include <cmath>

namespace vaso::model {

namespace {

// Standard deviation of a kernel's first values.
double deviation(const torch::nn::Module& layer, const std::string& name, const at::Tensor& kernel) {
  if (name.ends_with("classifier")) return 0.01;
  const auto first = static_cast<double>(kernel.size(0)), area = static_cast<double>(kernel[0][0].numel());
  // A transposed kernel has its inputs in front, and its places do not overlap: each output pixel sees one of them.
  const bool transposed = dynamic_cast<const ConvTranspose2d*>(&layer) != nullptr;
  return std::sqrt(2.0 / (transposed ? first : first * area));
}

void fill_normal(at::Tensor parameter, double scale, Philox random) {
  at::Tensor values = at::empty(parameter.sizes(), at::kFloat);
  float* value = values.data_ptr<float>();
  for (std::int64_t i = 0; i < values.numel(); ++i) value[i] = static_cast<float>(scale * random.normal());
  parameter.copy_(values);
}

}  // namespace

void initialise_decoder(torch::nn::Module& module, std::uint64_t seed, const std::string& prefix) {
  at::NoGradGuard no_grad;
  for (const auto& layer : module.named_modules("", /*include_self=*/false)) {
    for (const auto& item : layer.value()->named_parameters(/*recurse=*/false)) {
      at::Tensor parameter = item.value();
      if (parameter.dim() < 4) {
        parameter.fill_(item.key() == "weight" ? 1.0 : 0.0);
        continue;
      }
      fill_normal(parameter, deviation(*layer.value(), layer.key(), parameter),
                  Philox(random_key(seed, prefix + layer.key() + "." + item.key())));
    }
  }
}

}  // namespace vaso::model
