#include "train/recipe.hpp"

#include "config/binding.hpp"
#include "model/vit.hpp"
#include "train/encoder.hpp"
#include "train/recipe_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace vaso::train {
namespace {

using config::Diagnostic;
using config::Node;

// Sources of guidance: what the experiment names, and what those combine.
void guidance_source(RecipeReader& reader, Recipe& recipe, const std::string& name, const config::Origin& origin,
                     bool selected) {
  if (recipe.guidance.contains(name)) return;
  const Node& table = reader.table("guidance");
  std::set<std::string> used = {"filter", "source"};
  auto choice =
      reader.choose("guidance", name, origin, selected ? &table : nullptr, RecipeReader::sub_table(table, name), used);
  if (selected) {
    reader.check_rest(table, "guidance." + name, {{"guidance", choice ? &*choice : nullptr}}, used, true);
  }
  if (!choice) return;
  const Choice& kept = recipe.guidance.emplace(name, std::move(*choice)).first->second;
  if (const auto source = reader.made<GuidanceSource>(kept, recipe.shape)) {
    for (const std::string& input : source->inputs()) guidance_source(reader, recipe, input, origin, false);
  }
}

void losses(RecipeReader& reader, Recipe& recipe, std::vector<Diagnostic>& faults) {
  const Node* list = reader.cell().find("loss");
  if (list == nullptr || !list->is_array() || list->array().empty()) {
    faults.push_back({"no loss", list == nullptr ? reader.cell().origin : list->origin,
                      "a pre-training needs at least one [[loss]]",
                      "add\n  [[loss]]\n  name = \"pixel_reconstruction\""});
    return;
  }
  for (const Node& entry : list->array()) {
    const Node* name = entry.is_table() ? entry.find("name") : nullptr;
    const auto* text = name == nullptr ? nullptr : std::get_if<std::string>(&name->value);
    if (text == nullptr) {
      faults.push_back({"a [[loss]] without a name", entry.origin, "each entry names a loss component",
                        config::suggestion("", reader.component_names("loss"))});
      continue;
    }
    LossChoice loss;
    Schema own;
    own.field(loss.weight, "weight", "factor of this term in the sum").range(-1e6, 1e6);
    std::set<std::string> used = {"name"};
    config::bind(entry, own, "[[loss]]", used, faults);
    auto choice = reader.choose("loss", *text, name->origin, &entry, nullptr, used);
    if (!choice) continue;
    std::vector<std::string> allowed = field_names(choice->parameters.schema);
    allowed.insert(allowed.end(), {"name", "weight"});
    config::refuse_unknown(entry, "loss." + *text, used, allowed, faults);
    loss.choice = std::move(*choice);
    recipe.losses.push_back(std::move(loss));
  }
}

void check_sizes(RecipeReader& reader, const Settings& settings, const RunShape& shape, const std::string& phase) {
  if (settings.segmentor.image_size % 32 != 0) {
    const auto lower = settings.segmentor.image_size / 32 * 32;
    reader.fault("segmentor.image_size",
                 fmt::format("segmentor.image_size = {} does not fit UNeXt-S", settings.segmentor.image_size),
                 "the network halves its input five times",
                 fmt::format("use a multiple of 32: {} or {}", lower, lower + 32));
  }
  if (phase != "pretrain") return;
  const std::size_t before = reader.fault_count();
  if (shape.image_size % shape.patch_size != 0) {
    const auto lower = shape.image_size / shape.patch_size * shape.patch_size;
    reader.fault(
        "model.image_size",
        fmt::format("model.image_size = {} cannot be cut into patches of {}", shape.image_size, shape.patch_size),
        "the side of the view must be a multiple of model.patch_size",
        fmt::format("use {} or {}", lower > 0 ? lower : shape.patch_size, lower + shape.patch_size));
  } else if (shape.grid() < 2) {
    reader.fault("model.image_size",
                 fmt::format("a view of {} px holds one patch of {} px", shape.image_size, shape.patch_size),
                 "masked image modelling needs patches to keep and patches to hide",
                 "enlarge model.image_size or use smaller patches");
  }
  if (shape.encoder_dim % shape.encoder_heads != 0) {
    reader.fault("model.heads",
                 fmt::format("{} attention heads do not divide a width of {}", shape.encoder_heads, shape.encoder_dim),
                 "every head gets an equal part of the width", "change model.heads or model.dim");
  }
  if (shape.encoder_dim % 4 != 0) {
    reader.fault("model.dim", fmt::format("model.dim = {} cannot carry sine-cosine positions", shape.encoder_dim),
                 "they need sine and cosine of rows and of columns", "use a multiple of 4");
  }
  if (const std::string why = refusal(vit_shape(settings.model, shape));
      !why.empty() && reader.fault_count() == before) {
    reader.fault("model", "[model] describes no encoder", why, "");
  }
  if (!settings.model.class_token) {
    reader.fault("model.class_token", "model.class_token = false does not go with a pre-training",
                 "the decoder begins with the class token; such encoders can be fine-tuned only", "leave it out");
  }
  if (settings.views.area[0] > settings.views.area[1]) {
    reader.fault("views.area", "views.area: the least exceeds the most", "", "write the smaller number first");
  }
  if (settings.views.aspect[0] > settings.views.aspect[1]) {
    reader.fault("views.aspect", "views.aspect: the least exceeds the most", "", "write the smaller number first");
  }
}

// All that read the prediction must take it for the same thing: pixels that are normalised per patch, or raw ones.
void check_pixel_space(const Recipe& recipe, std::vector<Diagnostic>& faults) {
  std::vector<const Choice*> readers = {&recipe.masking};
  for (const LossChoice& loss : recipe.losses) readers.push_back(&loss.choice);
  const Choice* first = nullptr;
  for (const Choice* reader : readers) {
    if (!reader->flag("norm_pix")) continue;
    if (first == nullptr) first = reader;
    if (reader->flag("norm_pix") != first->flag("norm_pix")) {
      faults.push_back({fmt::format("{} and {} disagree about norm_pix", first->name(), reader->name()),
                        reader->locate("norm_pix"),
                        "both read the same prediction: its pixels are either normalised per patch or not",
                        "give both the same norm_pix"});
    }
  }
}

}  // namespace

RunShape encoder_shape(const experiment::Model& settings) {
  const model::VitShape vit = model::vit_shape(settings.encoder);
  RunShape shape;
  shape.image_size = settings.image_size;
  shape.patch_size = settings.patch_size;
  shape.encoder_dim = settings.dim > 0 ? settings.dim : vit.dim;
  shape.encoder_depth = settings.depth > 0 ? settings.depth : vit.depth;
  shape.encoder_heads = settings.heads > 0 ? settings.heads : vit.heads;
  return shape;
}

std::string Choice::name() const {
  return component == nullptr ? "" : component->entry.kind + "." + component->entry.name;
}

config::Origin Choice::locate(const std::string& field) const {
  for (auto table = tables.rbegin(); table != tables.rend(); ++table) {
    if (const Node* value = (*table)->find(field)) return value->origin;
  }
  return origin;
}

std::string Choice::parameter_text() const { return config::to_json(config::values(parameters.schema)); }

std::optional<bool> Choice::flag(const std::string& field) const {
  for (const Field& candidate : parameters.schema.fields()) {
    if (const auto* const* value = std::get_if<bool*>(&candidate.slot); value != nullptr && candidate.name == field)
      return **value;
  }
  return std::nullopt;
}

std::shared_ptr<Component> make_component(const Choice& choice, const RunShape& shape) {
  try {
    return choice.component->entry.create(choice.parameters, shape);
  } catch (const ParameterError& error) {
    throw config::ConfigError(Diagnostic{fmt::format("{}: `{}` does not fit", choice.name(), error.field()),
                                         choice.locate(error.field()), error.what(), ""});
  } catch (const DataError& error) {
    const Fault& fault = error.fault();
    throw config::ConfigError(
        Diagnostic{fmt::format("{}: {}: {}", choice.name(), fault.where, fault.what), choice.origin, "", fault.cure});
  }
}

Recipe read_recipe(const Node& cell, const std::string& phase, PluginHost& host, std::vector<Diagnostic>& faults) {
  const std::size_t faults_before = faults.size();
  Recipe recipe;
  Settings& settings = recipe.settings;
  RecipeReader reader(cell, host, faults);
  reader.top_level(settings.general);
  reader.host_table("views", settings.views);
  reader.host_table("segmentor", settings.segmentor);
  reader.host_table("model", settings.model);
  reader.host_table("optimizer", settings.optimizer);
  reader.host_table("pretrain", settings.pretrain);
  const std::vector<std::string> data_keys = reader.host_keys(reader.table("data"), "[data]", settings.data);
  reader.host_keys(reader.table("guidance"), "[guidance]", settings.guidance);
  if (faults.size() != faults_before) return recipe;  // what follows builds on these numbers

  recipe.shape = encoder_shape(settings.model);
  recipe.shape.epochs = settings.pretrain.epochs;
  check_sizes(reader, settings, recipe.shape, phase);
  if (faults.size() != faults_before) return recipe;

  recipe.dataset =
      reader.from_table("data", "dataset", "dataset", settings.data.dataset, {data_keys.begin(), data_keys.end()});

  const auto place = [&](const char* path) {
    const Node* node = cell.find(path);
    return node == nullptr ? cell.origin : node->origin;
  };
  if (phase == "pretrain") {
    guidance_source(reader, recipe, settings.guidance.source, place("guidance.source"), true);
    recipe.objective = reader.from_table("objective", "name", "objective", "mae", {});
    recipe.masking = reader.from_table("masking", "strategy", "masking", "random", {});
    losses(reader, recipe, faults);
  }
  guidance_source(reader, recipe, settings.guidance.filter, place("guidance.filter"), false);
  if (faults.size() != faults_before) return recipe;

  if (phase == "pretrain") check_pixel_space(recipe, faults);
  return recipe;
}

}  // namespace vaso::train
