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

// Tokens of a part in training, below which adding up the parts' gradients would cost what threads gain by not waiting
// (worked out for ViT-B: 20 bytes a weight and part, beside its multiplications).
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
  if (whole) return pass(x, 0, size(), request);

  // Every part has gradients of its own for the weights of the blocks that it goes through in one go: as many blocks as
  // make these no more than twice the network.
  const std::size_t at_once = std::max<std::size_t>(1, 2 * size() / parts);
  BlocksResult result{{x, {}, {}}, std::vector<at::Tensor>(request.layers.size()), {}};
  for (std::size_t begin = 0; begin < size(); begin += at_once) {
    const std::size_t end = std::min(begin + at_once, size());
    std::vector<at::Tensor> parameters;
    for (std::size_t i = begin; i < end; ++i) {
      for (const at::Tensor& parameter : (*this)[i].parameters()) parameters.push_back(parameter);
    }
    const auto of_images = [&](const at::Tensor& images, std::int64_t first) {
      const std::optional<Rotation> rotation = part_of(request.rotation, first, images.size(0));
      BlocksRequest here = request;
      here.rotation = rotation ? &*rotation : nullptr;
      BlocksResult of = pass(images, begin, end, here);
      std::vector<at::Tensor> tensors = {of.stream.sum(), of.attention};
      tensors.insert(tensors.end(), of.layers.begin(), of.layers.end());
      std::erase_if(tensors, [](const at::Tensor& tensor) { return !tensor.defined(); });
      return tensors;
    };
    const std::vector<at::Tensor> tensors = in_parts(of_images, result.stream.x, parameters);
    auto next = tensors.begin();
    result.stream.x = *next++;
    if (request.attention && end == size()) result.attention = *next++;
    for (std::size_t i = 0; i < request.layers.size(); ++i) {
      const auto layer = static_cast<std::size_t>(request.layers[i]);
      if (begin <= layer && layer < end) result.layers[i] = *next++;
    }
  }
  return result;
}

// Of blocks `begin` to `end`; layers that are not among them are left undefined.
BlocksResult Blocks::pass(const at::Tensor& x, std::size_t begin, std::size_t end, const BlocksRequest& request) {
  BlocksResult result{{x, {}, {}}, std::vector<at::Tensor>(request.layers.size()), {}};
  for (std::size_t i = begin; i < end; ++i) {
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
