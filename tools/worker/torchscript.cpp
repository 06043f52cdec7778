// Writes the network of a run as one TorchScript file.
#include "verbs.hpp"

#include "exit_codes.hpp"
#include "train/device.hpp"
#include "train/encoder.hpp"
#include "train/safetensors.hpp"
#include "train/torchscript.hpp"
#include "train/trained_model.hpp"
#include "weights/weight_file.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vaso::worker {
namespace {

using Json = nlohmann::ordered_json;

// How images become the input, and what comes out: for whoever has the file alone.
constexpr const char* description = "vasolab.json";
constexpr const char* input =
    "B x 3 x S x S float32, S = image_size: grey repeated in three channels, (value in [0,1] - mean) / deviation";

Json normalisation(const std::string& list) { return Json::parse("[" + list + "]", nullptr, /*exceptions=*/false); }

train::Script encoder_script(const std::filesystem::path& file, const std::shared_ptr<model::Vit>& vit) {
  train::Script script;
  script.networks = {{"encoder", vit.get()}};
  script.image_size = vit->shape().image_size;
  script.methods = {{"forward", [vit](const at::Tensor& image) {
                       EncodeRequest request;
                       request.image = image;
                       return vit->encode(request).tokens;
                     }}};
  const auto metadata = weights::open_weights(file).metadata;
  Json says = {{"image_size", script.image_size}, {"input", input}};
  for (const char* key : {"mean", "deviation"}) {
    if (const auto found = metadata.find(key); found != metadata.end()) says[key] = normalisation(found->second);
  }
  says["forward"] = fmt::format("tokens, B x {} x {}: {} before the patches, which are in raster order",
                                vit->shape().prefix() + vit->shape().grid() * vit->shape().grid(), vit->shape().dim,
                                vit->shape().prefix());
  script.files[description] = says.dump(2);
  return script;
}

train::Script model_script(train::TrainedModel& model) {
  if (model.head().answer() != Head::Answer::masks) {
    throw train::CheckpointError(fmt::format(
        "{} answers with boxes, whose number depends on the image: TorchScript records one fixed computation. "
        "`vaso weights export --to timm` writes the encoder, `vaso predict` applies the model",
        model.recipe().head.name()));
  }
  model.network().train(false);
  const HeadNetworks networks = model.network().view();
  train::Script script;
  if (networks.encoder != nullptr)
    script.networks.emplace_back("encoder", dynamic_cast<torch::nn::Module*>(networks.encoder));
  script.networks.emplace_back("head", networks.head);
  script.image_size = model.recipe().task.image_size;
  const auto logits = [&model](const at::Tensor& image) {
    return model.head().logits(model.network().view(), image).to(at::kFloat);
  };
  script.methods = {{"forward", logits},
                    {"masks", [&model, logits](const at::Tensor& image) { return model.head().masks(logits(image)); }}};
  const experiment::Views& views = model.recipe().views;
  const Json says = {{"image_size", script.image_size},
                     {"input", input},
                     {"mean", views.mean},
                     {"deviation", views.deviation},
                     {"labels", model.labels()},
                     {"forward", "logits, B x K x S x S"},
                     {"masks", "B x labels x S x S bool, as `vaso predict` decides"}};
  script.files[description] = says.dump(2);
  return script;
}

}  // namespace

int torchscript(const Options& options, const EventSink& events) {
  if (options.weights.empty() || options.out.empty())
    throw std::invalid_argument("torchscript wants --weights FILE and --out FILE");
  train::set_threads(0);
  const auto metadata = weights::open_weights(options.weights).metadata;
  const auto format = metadata.find("format");
  std::string what;
  if (format != metadata.end() && format->second == "vasolab-model-1") {
    PluginHost host = open_plugins(options, config::Node());
    train::TrainedModel model(options.weights, host);
    train::export_torchscript(options.out, model_script(model));
    what = fmt::format("encoder and {}", model.recipe().head.name());
  } else {
    train::export_torchscript(options.out, encoder_script(options.weights, train::open_encoder(options.weights)));
    what = "the encoder";
  }
  events.result(nlohmann::json{{"text", what}, {"file", options.out.string()}}.dump());
  return exit_ok;
}

}  // namespace vaso::worker
