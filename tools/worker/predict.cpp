// Applies a fine-tuned model to images.
#include "plain_reporter.hpp"
#include "verbs.hpp"

#include "exit_codes.hpp"
#include "train/device.hpp"
#include "train/predict.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vaso::worker {

int predict(const Options& options, const EventSink& events) {
  if (options.weights.empty() || options.out.empty() || options.arguments.empty()) {
    throw std::invalid_argument("predict wants --weights MODEL, --out DIR and images");
  }
  PluginHost host = open_plugins(options, config::Node());
  train::set_threads(0);
  train::TrainedModel model(options.weights, host);
  const auto images = train::named_images({options.arguments.begin(), options.arguments.end()}, host);
  PlainReporter reporter(events);
  events.stage(fmt::format("{} on {} images", model.recipe().head.name(), images->size()));
  train::PredictRequest request;
  request.out = options.out;
  request.device = options.device;
  const train::Predicted predicted = train::predict(model, *images, request, reporter);
  const bool masks = model.head().answer() == Head::Answer::masks;
  const std::string text =
      masks ? fmt::format("{} mask{}, {:.1f} % of the pixels inside", predicted.images,
                          predicted.images == 1 ? "" : "s", 100 * predicted.inside)
            : fmt::format("{} box{} in {} image{}", predicted.boxes, predicted.boxes == 1 ? "" : "es", predicted.images,
                          predicted.images == 1 ? "" : "s");
  events.result(nlohmann::json{{"text", text}, {"file", options.out.string()}}.dump());
  return exit_ok;
}

}  // namespace vaso::worker
