#include "model/segmentation_head.hpp"

#include "model/linear_decoder.hpp"
#include "model/segmentation_losses.hpp"
#include "model/unet.hpp"
#include "model/unet_adapter.hpp"
#include "model/upernet.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace vaso::model {

namespace {

// Blocks to take maps from where none are named: none for "linear" (the tokens after the final norm), the last for the
// adapter, and for UPerNet those at a third, half, two thirds and the end: 3, 5, 7, 11 of 12 as mmsegmentation's MAE.
std::vector<std::int64_t> default_layers(const std::string& decoder, std::int64_t depth) {
  if (decoder == "unet_adapter") return {depth - 1};
  if (decoder != "upernet") return {};
  std::vector<std::int64_t> layers;
  for (const double share : {1.0 / 3, 0.5, 2.0 / 3, 1.0}) {
    layers.push_back(std::max<std::int64_t>(std::lround(share * static_cast<double>(depth)) - 1, 0));
  }
  return layers;
}

std::int64_t default_channels(const std::string& decoder, std::int64_t encoder_dim) {
  if (decoder == "unet_adapter") return 32;
  return decoder == "unet" ? 64 : encoder_dim;
}

// Tokens B×(prefix+g²)×D to a map B×D×g×g.
at::Tensor token_map(const at::Tensor& tokens, std::int64_t prefix, std::int64_t grid) {
  const at::Tensor patches = tokens.narrow(1, prefix, tokens.size(1) - prefix);
  return patches.transpose(1, 2).reshape({tokens.size(0), tokens.size(2), grid, grid});
}

at::Tensor in_float(const at::Tensor& logits) { return logits.to(at::promote_types(logits.scalar_type(), at::kFloat)); }

}  // namespace

void SegmentationParams::describe(Schema& s, const char* pixel_weight_name) {
  s.field(decoder, "decoder", "what stands on the encoder; unet = a U-Net instead of an encoder")
      .choices({"unet_adapter", "upernet", "linear", "unet"});
  s.field(layers, "layers",
          "encoder blocks that the decoder sees, from 0; [] = the last (unet_adapter), four evenly spaced (upernet), "
          "the final tokens (linear)")
      .at_least(0);
  s.field(channels, "channels", "width of the decoder; 0 = 32 (unet_adapter), 64 (unet), that of the encoder (upernet)")
      .range(0, 4096);
  s.field(norm, "norm", "batch, group or instance normalisation").choices({"bn", "gn", "in"});
  s.field(up, "up", "how the U-Net grows its maps").choices({"transposed", "bilinear"});
  s.field(image_branch, "image_branch", "unet_adapter: join the image itself to the last step");
  s.field(dropout, "dropout", "chance to drop a channel before the classifier").range(0, 0.95);
  s.field(dice_weight, "dice_weight", "weight of the soft Dice loss").range(0, 1e6);
  s.field(
       dice_over, "dice_over",
       "what a ratio of the Dice loss is taken over: image = each image by itself, as MONAI; batch = the whole batch, "
       "labels that it lacks left out")
      .choices({"image", "batch"});
  s.field(pixel_weight, pixel_weight_name, "weight of the cross-entropy, mean over pixels").range(0, 1e6);
  s.field(cl_dice_weight, "cl_dice_weight", "weight of the soft centre-line Dice loss").range(0, 1e6);
  s.field(cl_dice_iterations, "cl_dice_iterations", "its rounds of erosion: half the width of the widest vessel")
      .unit("px")
      .range(1, 100);
  s.field(threshold, "threshold", "a pixel belongs to a label above this probability").range(0, 1);
  s.field(
       prior, "prior",
       "probability of every label before the first step, by the classifier's bias (RetinaNet); 0 = bias 0, undecided")
      .range(0, 0.5);
}

SegmentationHead::SegmentationHead(SegmentationParams params, const RunShape& run, LabelMode mode,
                                   bool include_background)
    : params_(std::move(params)), run_(run), mode_(mode), include_background_(include_background) {
  check();
  if (params_.layers.empty()) params_.layers = default_layers(params_.decoder, run_.encoder_depth);
  if (params_.channels == 0) params_.channels = default_channels(params_.decoder, run_.encoder_dim);
}

void SegmentationHead::check() const {
  const std::string& decoder = params_.decoder;
  const auto count = params_.layers.size();
  if (params_.dice_weight == 0 && params_.pixel_weight == 0 && params_.cl_dice_weight == 0) {
    throw ParameterError("dice_weight", "all loss weights are 0: there is nothing to learn");
  }
  if (decoder == "unet" && count > 0) throw ParameterError("layers", "a U-Net has no encoder blocks to look at");
  if (decoder == "unet_adapter" && count > 1 && count != static_cast<std::size_t>(UnetAdapter::kLevels)) {
    throw ParameterError("layers", fmt::format("unet_adapter takes one block, or {} from fine to coarse; these are {}",
                                               UnetAdapter::kLevels, count));
  }
  if (decoder == "upernet" && count != 0 && count != 4) {
    throw ParameterError("layers", fmt::format("upernet takes four blocks, from shallow to deep; these are {}", count));
  }
  for (const std::int64_t layer : params_.layers) {
    if (layer < run_.encoder_depth) continue;
    throw ParameterError("layers",
                         fmt::format("no block {}: the encoder has {}, counted from 0", layer, run_.encoder_depth));
  }
  if (decoder != "unet" && params_.up != "transposed") {
    throw ParameterError("up", "only decoder = \"unet\" has this choice");
  }
  if (decoder != "unet_adapter" && !params_.image_branch) {
    throw ParameterError("image_branch", "only decoder = \"unet_adapter\" has an image branch");
  }
  if (decoder == "linear" && (params_.channels != 0 || params_.norm != "bn")) {
    throw ParameterError(params_.channels != 0 ? "channels" : "norm",
                         "a linear decoder has no layer of its own to set");
  }
  if (decoder == "unet" && run_.image_size % 16 != 0) {
    throw ParameterError("decoder",
                         fmt::format("a U-Net halves its input four times: image_size {} is no multiple of "
                                     "16; use {} or {}",
                                     run_.image_size, run_.image_size / 16 * 16, (run_.image_size / 16 + 1) * 16));
  }
}

bool SegmentationHead::uses_encoder() const { return params_.decoder != "unet"; }

std::shared_ptr<torch::nn::Module> SegmentationHead::network(const std::vector<std::string>& labels) {
  accept(labels);
  if (mode_ == LabelMode::softmax && params_.prior * static_cast<double>(labels.size()) >= 1) {
    throw ParameterError(
        "prior", fmt::format("{} labels at {} each leave nothing for the background: stay below {:.3g}", labels.size(),
                             params_.prior, 1 / static_cast<double>(labels.size())));
  }
  const auto outputs = static_cast<std::int64_t>(labels.size()) + (mode_ == LabelMode::softmax ? 1 : 0);
  if (params_.decoder == "unet") {
    return std::make_shared<Unet>(
        UnetOptions{outputs, params_.channels, params_.norm, params_.up == "bilinear", params_.dropout});
  }
  DecoderOptions options;
  options.encoder_dim = run_.encoder_dim;
  options.patch_size = run_.patch_size;
  options.maps = std::max<std::int64_t>(static_cast<std::int64_t>(params_.layers.size()), 1);
  options.outputs = outputs;
  options.channels = params_.channels;
  options.norm = params_.norm;
  options.dropout = params_.dropout;
  if (params_.decoder == "upernet") return std::make_shared<UperNet>(options);
  if (params_.decoder == "linear") return std::make_shared<LinearDecoder>(options);
  return std::make_shared<UnetAdapter>(options, params_.image_branch);
}

void SegmentationHead::initialise(torch::nn::Module& network, std::uint64_t seed) const {
  initialise_decoder(network, seed, "head.");
  if (params_.prior == 0) return;
  // Lin et al., "Focal loss for dense object detection", ICCV 2017, 4.1. Labels are rare: a network that begins
  // undecided spends its first hundreds of steps on saying "background" everywhere, which AdamW lets it do by a
  // learning rate a step and no faster.
  const at::NoGradGuard no_grad;
  at::Tensor bias = network.named_parameters()["classifier.bias"];
  if (mode_ == LabelMode::multilabel) {
    bias.fill_(std::log(params_.prior / (1 - params_.prior)));
  } else {
    const auto labels = static_cast<double>(bias.size(0) - 1);
    bias[0].fill_(std::log((1 - labels * params_.prior) / params_.prior));
  }
}

at::Tensor SegmentationHead::forward(const HeadNetworks& networks, const at::Tensor& image,
                                     at::Generator generator) const {
  std::vector<at::Tensor> maps;
  if (uses_encoder()) {
    EncodeRequest request;
    request.image = image;
    request.layers = params_.layers;
    const EncodeResult result = networks.encoder->encode(request);
    for (const auto& layer : result.layers) maps.push_back(token_map(layer, result.prefix, run_.grid()));
    if (maps.empty()) maps.push_back(token_map(result.tokens, result.prefix, run_.grid()));
  }
  return dynamic_cast<SegmentationDecoder&>(*networks.head).forward(maps, image, std::move(generator));
}

at::Tensor SegmentationHead::logits(const HeadNetworks& networks, const at::Tensor& image) {
  return forward(networks, image, {});
}

at::Tensor SegmentationHead::masks(const at::Tensor& logits) const {
  if (mode_ == LabelMode::multilabel) return at::sigmoid(in_float(logits)).gt(params_.threshold);
  const at::Tensor label = at::arange(1, logits.size(1), logits.options().dtype(at::kLong)).reshape({1, -1, 1, 1});
  return logits.argmax(1, /*keepdim=*/true).eq(label);
}

Bag SegmentationHead::losses(const HeadNetworks& networks, const LabelledBatch& batch, at::Generator generator) {
  // In float32 whatever the networks ran in: sums over pixels leave the range where bf16 and half can count.
  const at::Tensor logits = in_float(forward(networks, batch.image, std::move(generator)));
  at::Tensor probabilities, target = batch.masks.to(logits.scalar_type()), pixel_loss;
  if (mode_ == LabelMode::multilabel) {
    probabilities = at::sigmoid(logits);
    if (params_.pixel_weight > 0) pixel_loss = at::binary_cross_entropy_with_logits(logits, target);
  } else {
    const at::Tensor classes = painted_classes(batch.masks);
    const std::int64_t first = include_background_ ? 0 : 1, count = logits.size(1) - first;
    probabilities = at::softmax(logits, 1).narrow(1, first, count);
    target =
        at::one_hot(classes, logits.size(1)).permute({0, 3, 1, 2}).narrow(1, first, count).to(logits.scalar_type());
    if (params_.pixel_weight > 0) pixel_loss = at::cross_entropy_loss(logits, classes);
  }
  Bag losses;
  if (params_.dice_weight > 0) {
    const auto ratio = params_.dice_over == "batch" ? batch_dice_loss : dice_loss;
    losses["dice"] = params_.dice_weight * ratio(probabilities, target);
  }
  if (pixel_loss.defined()) {
    losses[mode_ == LabelMode::multilabel ? "bce" : "ce"] = params_.pixel_weight * pixel_loss;
  }
  if (params_.cl_dice_weight > 0) {
    losses["cl_dice"] = params_.cl_dice_weight * soft_cl_dice_loss(probabilities, target, params_.cl_dice_iterations);
  }
  return losses;
}

at::Tensor painted_classes(const at::Tensor& masks) {
  const at::Tensor number = at::arange(1, masks.size(1) + 1, masks.options().dtype(at::kLong)).reshape({1, -1, 1, 1});
  return (masks.gt(0.5).to(at::kLong) * number).amax(1);
}

std::string labels_text(const std::vector<std::string>& labels) {
  if (labels.empty()) return "the data set annotates no labels";
  std::string names;
  for (const auto& label : labels) names += (names.empty() ? "\"" : ", \"") + label + "\"";
  return fmt::format("the data set annotates {} label{} ({})", labels.size(), labels.size() == 1 ? "" : "s", names);
}

}  // namespace vaso::model
