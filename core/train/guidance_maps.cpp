#include "train/guidance_maps.hpp"

#include "cuda/vessel_filter.hpp"
#include "train/device.hpp"
#include "train/step.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace vaso::train {
namespace {

constexpr std::int64_t segmentor_multiple = 32;  // UNeXt-S halves its input five times

// H×W uint8 → 1×1×H'×W' float in [0,1], edges repeated to the next multiple.
at::Tensor padded(const at::Tensor& plane) {
  const std::int64_t bottom = (segmentor_multiple - plane.size(0) % segmentor_multiple) % segmentor_multiple;
  const std::int64_t right = (segmentor_multiple - plane.size(1) % segmentor_multiple) % segmentor_multiple;
  return at::replication_pad2d(plane.to(at::kFloat).div(255).unsqueeze(0).unsqueeze(0), {0, right, 0, bottom});
}

}  // namespace

GuidanceMaps::GuidanceMaps(const Recipe& recipe, const GuidanceGraph& guidance, std::string source,
                           const std::string& segmentor)
    : recipe_(recipe),
      guidance_(guidance),
      source_(std::move(source)),
      device_(choose_device(recipe.settings.general.device)) {
  cuda::filter_on_gpu(device_.is_cuda());
  const std::string& file = segmentor.empty() ? recipe.settings.segmentor.weights : segmentor;
  if (!file.empty()) {
    segmentor_ = load_segmentor(file, recipe.settings.segmentor,
                                static_cast<std::uint64_t>(recipe.settings.general.seed), device_);
  } else if (!guidance.needs(source_).frozen.empty()) {
    throw std::invalid_argument(
        fmt::format("guidance.{} needs a trained segmentor: give its weights with --segmentor FILE", source_));
  }
}

at::Tensor GuidanceMaps::of(const Record& record) {
  const c10::NoGradGuard no_gradient;
  if (guidance_.source(source_).stage() == GuidanceSource::Stage::image) return guidance_.source(source_).map(record);

  const auto& mean = recipe_.settings.views.mean;
  const auto& deviation = recipe_.settings.views.deviation;
  const at::Tensor channels = padded(record.image).expand({1, 3, -1, -1});
  Bag batch;
  batch["image"] = (channels - at::tensor(mean, at::kFloat).reshape({1, 3, 1, 1})) /
                   at::tensor(deviation, at::kFloat).reshape({1, 3, 1, 1});
  for (const std::string& name : guidance_.stored())
    batch[GuidanceGraph::map_name(name)] = padded(guidance_.source(name).map(record));
  EpochMeans unused;
  StepResources resources;
  resources.recipe = &recipe_;
  resources.shape = &recipe_.shape;
  resources.guidance = &guidance_;
  resources.segmentor = segmentor_.get();
  resources.means = &unused;
  resources.device = device_;
  Step step(resources, Progress{}, 0, batch);
  step.calling(recipe_.guidance.at(source_));
  const at::Tensor map = guidance_.evaluate(source_, step)[0][0];
  return map.slice(0, 0, record.image.size(0))
      .slice(1, 0, record.image.size(1))
      .mul(255)
      .round()
      .clamp(0, 255)
      .to(at::kByte)
      .cpu()
      .contiguous();
}

}  // namespace vaso::train
