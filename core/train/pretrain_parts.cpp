#include "train/pretrain_parts.hpp"

#include "model/weights.hpp"
#include "train/safetensors.hpp"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>

namespace vaso::train {
namespace {

using config::Diagnostic;

// Runs one check; what it throws becomes a fault.
void collect(std::vector<Diagnostic>& faults, const config::Origin& origin, const std::string& what,
             const std::function<void()>& check) {
  try {
    check();
  } catch (const config::ConfigError& error) {
    faults.insert(faults.end(), error.diagnostics().begin(), error.diagnostics().end());
  } catch (const c10::Error& error) {
    faults.push_back({what, origin, error.what_without_backtrace(), ""});
  } catch (const std::exception& error) {
    faults.push_back({what, origin, error.what(), ""});
  }
}

// A ParameterError of a component that was made already (by its network()), with the line that set the field.
template <class Function>
auto with_origin(const Choice& choice, Function function) {
  try {
    return function();
  } catch (const ParameterError& error) {
    throw config::ConfigError(Diagnostic{fmt::format("{}: `{}` does not fit", choice.name(), error.field()),
                                         choice.locate(error.field()), error.what(), ""});
  }
}

void check_needs(const PretrainParts& parts, const std::string& who, const Needs& needs, const config::Origin& origin,
                 bool has_segmentor, std::vector<Diagnostic>& faults) {
  for (const std::string& network : needs.frozen) {
    if (network != "segmentor") {
      faults.push_back({fmt::format("{} needs a frozen network `{}`", who, network), origin,
                        "this host knows `segmentor` only", ""});
    } else if (!has_segmentor) {
      faults.push_back({fmt::format("{} needs the segmentor", who), origin,
                        "no phase trains one and [segmentor] names no weights",
                        "put \"segmentor\" before \"pretrain\" in `phases`, or set segmentor.weights"});
    }
  }
  const auto outputs = parts.objective->outputs();
  for (const std::string& output : needs.outputs) {
    if (!outputs.contains(output)) {
      std::vector<std::string> known;
      for (const auto& [name, width] : outputs) known.push_back(name);
      faults.push_back(
          {fmt::format("{} reads `{}`, which {} does not give", who, output, parts.recipe.objective.name()), origin, "",
           config::suggestion(output, known)});
    }
  }
}

}  // namespace

std::int64_t PretrainParts::batches_per_epoch() const {
  return std::max<std::int64_t>(1, images.count / recipe.settings.pretrain.batch_size);
}

std::int64_t PretrainParts::steps_per_epoch() const {
  return batches_per_epoch() / recipe.settings.pretrain.accumulate;
}

std::vector<std::pair<std::string, Component*>> PretrainParts::stateful() const {
  std::vector<std::pair<std::string, Component*>> all = {{recipe.objective.name(), objective.get()},
                                                         {recipe.masking.name(), masking.get()}};
  for (std::size_t i = 0; i < losses.size(); ++i) {
    all.emplace_back(fmt::format("{}.{}", recipe.losses[i].choice.name(), i), losses[i].get());
  }
  return all;
}

PretrainParts fit_parts(const config::Node& cell, PluginHost& host, bool has_segmentor,
                        std::vector<Diagnostic>& faults) {
  const std::size_t faults_before = faults.size();
  PretrainParts parts;
  parts.recipe = read_recipe(cell, "pretrain", host, faults);
  if (faults.size() != faults_before) return parts;
  const Recipe& recipe = parts.recipe;
  const Settings& settings = recipe.settings;

  collect(faults, recipe.dataset.origin, recipe.dataset.name() + " cannot be opened", [&] {
    parts.images = open_images(recipe);
    parts.recipe.shape.samples = parts.images.count;
  });
  const RunShape& shape = recipe.shape;
  collect(faults, cell.origin, "the guidance cannot be made", [&] { parts.guidance.emplace(recipe); });
  collect(faults, recipe.objective.origin, recipe.objective.name() + " cannot be made",
          [&] { parts.objective = make<Objective>(recipe.objective, shape); });
  collect(faults, recipe.masking.origin, recipe.masking.name() + " cannot be made",
          [&] { parts.masking = make<MaskingStrategy>(recipe.masking, shape); });
  for (const LossChoice& loss : recipe.losses) {
    collect(faults, loss.choice.origin, loss.choice.name() + " cannot be made",
            [&] { parts.losses.push_back(make<LossTerm>(loss.choice, shape)); });
  }
  if (faults.size() != faults_before) return parts;

  // What everybody needs, and whether it can be given.
  const auto ask = [&](const Choice& choice, const Needs& needs) {
    check_needs(parts, choice.name(), needs, choice.origin, has_segmentor, faults);
    merge(parts.needs, needs);
  };
  ask(recipe.objective, parts.objective->needs());
  ask(recipe.masking, parts.masking->needs());
  for (std::size_t i = 0; i < parts.losses.size(); ++i) ask(recipe.losses[i].choice, parts.losses[i]->needs());
  if (parts.needs.guidance) {
    const Choice& source = recipe.guidance.at(settings.guidance.source);
    ask(source, parts.guidance->needs(settings.guidance.source));
  }
  const GuidanceSource& filter = parts.guidance->source(settings.guidance.filter);
  if (filter.stage() != GuidanceSource::Stage::image) {
    faults.push_back({fmt::format("guidance.{} cannot be the filter", settings.guidance.filter),
                      recipe.guidance.at(settings.guidance.filter).origin,
                      "its map is made by a network during training", "use frangi, sato or stored"});
  }

  ViewSpec view;
  view.size = shape.image_size;
  view.least_area = settings.views.area[0];
  view.most_area = settings.views.area[1];
  view.least_aspect = settings.views.aspect[0];
  view.most_aspect = settings.views.aspect[1];
  view.flip = settings.views.flip;
  parts.views = parts.objective->views(view);
  if (parts.needs.frozen.end() != std::find(parts.needs.frozen.begin(), parts.needs.frozen.end(), "segmentor") &&
      shape.image_size % 32 != 0) {
    const config::Node* node = cell.find("model.image_size");
    faults.push_back({fmt::format("model.image_size = {} does not fit the segmentor", shape.image_size),
                      node == nullptr ? cell.origin : node->origin, "UNeXt-S halves its input five times",
                      "use a multiple of 32, or a recipe without the segmentor"});
  }
  if (parts.steps_per_epoch() < 1) {
    const config::Node* node = cell.find("pretrain.accumulate");
    faults.push_back(
        {"an epoch has no whole step", node == nullptr ? cell.origin : node->origin,
         fmt::format("{} images make {} batches of {}, fewer than pretrain.accumulate = {}", parts.images.count,
                     parts.batches_per_epoch(), settings.pretrain.batch_size, settings.pretrain.accumulate),
         "lower pretrain.batch_size or pretrain.accumulate"});
  }

  // Networks last: their shapes depend on all of the above.
  collect(faults, recipe.objective.origin, recipe.objective.name() + " cannot make its network",
          [&] { with_origin(recipe.objective, [&] { return parts.objective->network(); }); });
  collect(faults, recipe.masking.origin, recipe.masking.name() + " cannot make its network",
          [&] { with_origin(recipe.masking, [&] { return parts.masking->network(*parts.objective); }); });
  if (faults.size() == faults_before && !settings.model.init_from.empty()) {
    const config::Node* node = cell.find("model.init_from");
    collect(faults, node == nullptr ? cell.origin : node->origin, "model.init_from does not fit", [&] {
      const auto options = load_options(settings.model.position_resize, settings.model.patch_resize);
      NetworkSet(vit_shape(settings.model, shape), *parts.objective, *parts.masking)
          .load_encoder(settings.model.init_from, options);
    });
  }
  if (!settings.segmentor.weights.empty()) {
    const config::Node* node = cell.find("segmentor.weights");
    collect(faults, node == nullptr ? cell.origin : node->origin, "segmentor.weights does not fit",
            [&] { load_segmentor(settings.segmentor.weights, settings.segmentor, 0, c10::kCPU); });
  }
  return parts;
}

}  // namespace vaso::train
