#include "model/blocks.hpp"

#include "model/image_parts.hpp"
#include "model/trained.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace vaso::model {

namespace {

// Tokens of a part in training, below which adding to weights' gradients part by part would cost what threads gain by
// not waiting (worked out for ViT-B: 8 bytes a weight and part, beside its multiplications).
constexpr std::int64_t kLeastRows = 256;

// The rotation of some of the images.
std::optional<Rotation> part_of(const Rotation* rotation, std::int64_t first, std::int64_t images) {
  if (rotation == nullptr) return {};
  if (rotation->cos.size(0) == 1) return *rotation;
  return Rotation{rotation->cos.narrow(0, first, images), rotation->sin.narrow(0, first, images)};
}

}  // namespace

BlocksResult Blocks::forward(const at::Tensor& x, const BlocksRequest& request) {
  for (const std::int64_t layer : request.layers) {
    if (layer < 0 || layer >= static_cast<std::int64_t>(size()))
      throw std::invalid_argument(fmt::format("no block {}: the encoder has {}, counted from 0", layer, size()));
  }
  const auto parts = static_cast<std::size_t>(image_parts(x));
  const bool few = x.size(0) * x.size(1) < static_cast<std::int64_t>(parts) * kLeastRows;
  bool whole = parts == 1 || (few && !trained(parameters()).empty());
  for (std::size_t i = 0; i < size(); ++i) whole = whole || (*this)[i].draws();
  if (whole) return pass(x, request);

  const auto of_images = [&](const at::Tensor& images, std::int64_t first) {
    const std::optional<Rotation> rotation = part_of(request.rotation, first, images.size(0));
    BlocksRequest here = request;
    here.rotation = rotation ? &*rotation : nullptr;
    BlocksResult of = pass(images, here);
    std::vector<at::Tensor> tensors = {of.stream.sum(), of.attention};
    tensors.insert(tensors.end(), of.layers.begin(), of.layers.end());
    std::erase_if(tensors, [](const at::Tensor& tensor) { return !tensor.defined(); });
    return tensors;
  };
  const std::vector<at::Tensor> tensors = in_parts(of_images, x, parameters());
  auto next = tensors.begin();
  BlocksResult result{{*next++, {}, {}}, {}, {}};
  if (request.attention) result.attention = *next++;
  result.layers.assign(next, tensors.end());
  return result;
}

BlocksResult Blocks::pass(const at::Tensor& x, const BlocksRequest& request) {
  BlocksResult result{{x, {}, {}}, std::vector<at::Tensor>(request.layers.size()), {}};
  for (std::size_t i = 0; i < size(); ++i) {
    at::Tensor* attention = request.attention && i + 1 == size() ? &result.attention : nullptr;
    result.stream = (*this)[i].pass(result.stream, attention, request.generator, request.rotation);
    const auto wanted = std::count(request.layers.begin(), request.layers.end(), static_cast<std::int64_t>(i));
    if (wanted == 0) continue;
    result.stream = {result.stream.sum(), {}, {}};
    for (std::size_t k = 0; k < request.layers.size(); ++k) {
      if (request.layers[k] == static_cast<std::int64_t>(i)) result.layers[k] = result.stream.x;
    }
  }
  return result;
}

}  // namespace vaso::model
