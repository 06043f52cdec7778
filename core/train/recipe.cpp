#include "train/recipe.hpp"

#include "config/binding.hpp"
#include "model/vit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace vaso::train {
namespace {

using config::Diagnostic;
using config::Node;

const Node& no_table() {
  static const Node empty;
  return empty;
}

// The table of that name, or an empty one; a fault where the name holds something else.
const Node& table_of(const Node& cell, const std::string& name, std::vector<Diagnostic>& faults) {
  const Node* found = cell.find(name);
  if (found == nullptr) return no_table();
  if (!found->is_table()) {
    faults.push_back({fmt::format("`{}` must be a table", name), found->origin,
                      fmt::format("found {}", found->type_name()),
                      fmt::format("write [{}] on a line of its own, then its settings", name)});
    return no_table();
  }
  return *found;
}

template <class T>
std::set<std::string> bind_host(T& settings, const Node& table, const std::string& owner,
                                std::vector<Diagnostic>& faults) {
  Schema schema;
  settings.describe(schema);
  std::set<std::string> used;
  config::bind(table, schema, owner, used, faults);
  return used;
}

std::vector<std::string> field_names(const Schema& schema) {
  std::vector<std::string> names;
  for (const Field& field : schema.fields()) names.push_back(field.name);
  return names;
}

// Reads one recipe; a class only to carry what every step needs.
class Reader {
 public:
  Reader(const Node& cell, PluginHost& host, std::vector<Diagnostic>& faults)
      : cell_(cell), host_(host), faults_(faults) {}

  void host_table(const char* name, auto& settings) {
    const Node& table = table_of(cell_, name, faults_);
    const auto used = bind_host(settings, table, fmt::format("[{}]", name), faults_);
    Schema schema;
    settings.describe(schema);
    config::refuse_unknown(table, fmt::format("[{}]", name), used, field_names(schema), faults_);
  }

  void top_level(experiment::General& general) {
    const auto used = bind_host(general, cell_, "the top level", faults_);
    Schema schema;
    general.describe(schema);
    std::vector<std::string> allowed = field_names(schema);
    for (const char* table : {"data", "views", "guidance", "segmentor", "objective", "masking", "loss", "model",
                              "optimizer", "pretrain", "study"}) {
      allowed.emplace_back(table);
    }
    std::set<std::string> known = used;
    known.insert(allowed.begin(), allowed.end());
    config::refuse_unknown(cell_, "the top level", known, allowed, faults_);
  }

  // Looks up and binds the component that `kind` names `name`; parameters stand in `shared` (the kind's own table; null
  // if the component may not use it) and in `own` (the sub-table of its name).
  std::optional<Choice> choose(const std::string& kind, const std::string& name, const config::Origin& origin,
                               const Node* shared, const Node* own, std::set<std::string>& used) {
    Choice choice;
    choice.origin = origin;
    try {
      choice.component = &host_.component(kind + "." + name);
    } catch (const PluginError& error) {
      faults_.push_back({fmt::format("`{}.{}` cannot be used", kind, name), origin, error.what(), ""});
      return std::nullopt;
    }
    choice.parameters = choice.component->entry.parameters();
    if (shared != nullptr) {
      config::bind(*shared, choice.parameters.schema, kind + "." + name, used, faults_);
      choice.tables.push_back(shared);
    }
    if (own != nullptr && own->is_table()) {
      std::set<std::string> used_own;
      config::bind(*own, choice.parameters.schema, kind + "." + name, used_own, faults_);
      config::refuse_unknown(*own, kind + "." + name, used_own, field_names(choice.parameters.schema), faults_);
      choice.tables.push_back(own);
    }
    return choice;
  }

  // A kind's table: `selector` names the component; keys of the table belong to `host_keys`, to the component, or are
  // sub-tables of components of that kind.
  Choice from_table(const std::string& table_name, const std::string& selector, const std::string& kind,
                    const std::string& fallback, std::set<std::string> host_keys) {
    const Node& table = table_of(cell_, table_name, faults_);
    const Node* selected = table.find(selector);
    std::string name = fallback;
    if (selected != nullptr) {
      if (const auto* text = std::get_if<std::string>(&selected->value)) {
        name = *text;
      } else {
        faults_.push_back({fmt::format("`{}.{}` must be text", table_name, selector), selected->origin,
                           fmt::format("found {}", selected->type_name()),
                           fmt::format("say {} = \"{}\"", selector, fallback)});
      }
    }
    host_keys.insert(selector);
    auto choice = choose(kind, name, selected != nullptr ? selected->origin : table.origin, &table,
                         sub_table(table, name), host_keys);
    check_rest(table, kind, name, choice, host_keys);
    return choice.value_or(Choice{});
  }

  static const Node* sub_table(const Node& table, const std::string& name) {
    for (const config::Entry& entry : table.table()) {
      if (entry.key == name && entry.node.is_table()) return &entry.node;
    }
    return nullptr;
  }

  // Keys that nobody used: a sub-table of another component is checked against that component, anything else is
  // unknown.
  void check_rest(const Node& table, const std::string& kind, const std::string& selected,
                  const std::optional<Choice>& choice, const std::set<std::string>& used) {
    std::set<std::string> known = used;
    for (const config::Entry& entry : table.table()) {
      if (used.contains(entry.key) || !entry.node.is_table()) continue;
      if (entry.key == selected) {
        known.insert(entry.key);
      } else if (host_.catalogue().provider(kind + "." + entry.key) != nullptr) {
        known.insert(entry.key);
        std::set<std::string> ignored;
        choose(kind, entry.key, entry.key_origin, nullptr, &entry.node, ignored);
      }
    }
    if (!choice) return;  // without its schema, every parameter would look unknown
    std::vector<std::string> allowed = field_names(choice->parameters.schema);
    for (const std::string& name : host_.catalogue().names(kind)) allowed.push_back(name);
    allowed.insert(allowed.end(), used.begin(), used.end());
    config::refuse_unknown(table, kind + "." + selected, known, allowed, faults_);
  }

  void guidance_source(Recipe& recipe, const std::string& name, const config::Origin& origin, bool selected) {
    if (recipe.guidance.contains(name)) return;
    const Node& table = table_of(cell_, "guidance", faults_);
    std::set<std::string> used = {"filter", "source"};
    auto choice = choose("guidance", name, origin, selected ? &table : nullptr, sub_table(table, name), used);
    if (selected) check_rest(table, "guidance", name, choice, used);
    if (!choice) return;
    const Choice& kept = recipe.guidance.emplace(name, std::move(*choice)).first->second;
    if (const auto source = made<GuidanceSource>(kept, recipe.shape)) {
      for (const std::string& input : source->inputs()) guidance_source(recipe, input, origin, false);
    }
  }

  void losses(Recipe& recipe) {
    const Node* list = cell_.find("loss");
    if (list == nullptr || !list->is_array() || list->array().empty()) {
      faults_.push_back({"no loss", list == nullptr ? cell_.origin : list->origin,
                         "a pre-training needs at least one [[loss]]",
                         "add\n  [[loss]]\n  name = \"pixel_reconstruction\""});
      return;
    }
    for (const Node& entry : list->array()) {
      const Node* name = entry.is_table() ? entry.find("name") : nullptr;
      const auto* text = name == nullptr ? nullptr : std::get_if<std::string>(&name->value);
      if (text == nullptr) {
        faults_.push_back({"a [[loss]] without a name", entry.origin, "each entry names a loss component",
                           config::suggestion("", host_.catalogue().names("loss"))});
        continue;
      }
      LossChoice loss;
      Schema own;
      own.field(loss.weight, "weight", "factor of this term in the sum").range(-1e6, 1e6);
      std::set<std::string> used = {"name"};
      config::bind(entry, own, "[[loss]]", used, faults_);
      auto choice = choose("loss", *text, name->origin, &entry, nullptr, used);
      if (!choice) continue;
      std::vector<std::string> allowed = field_names(choice->parameters.schema);
      allowed.insert(allowed.end(), {"name", "weight"});
      config::refuse_unknown(entry, "loss." + *text, used, allowed, faults_);
      loss.choice = std::move(*choice);
      recipe.losses.push_back(std::move(loss));
    }
  }

  template <class Interface>
  std::shared_ptr<Interface> made(const Choice& choice, const RunShape& shape) {
    try {
      return make<Interface>(choice, shape);
    } catch (const config::ConfigError& error) {
      faults_.insert(faults_.end(), error.diagnostics().begin(), error.diagnostics().end());
      return nullptr;
    }
  }

  void fault(const std::string& path, std::string what, std::string why, std::string hint) {
    const Node* node = cell_.find(path);
    faults_.push_back(
        {std::move(what), node == nullptr ? cell_.origin : node->origin, std::move(why), std::move(hint)});
  }

 private:
  const Node& cell_;
  PluginHost& host_;
  std::vector<Diagnostic>& faults_;
};

RunShape shape_of(const Settings& settings) {
  const model::VitShape vit = model::vit_shape(settings.model.encoder);
  RunShape shape;
  shape.image_size = settings.model.image_size;
  shape.patch_size = settings.model.patch_size;
  shape.encoder_dim = settings.model.dim > 0 ? settings.model.dim : vit.dim;
  shape.encoder_depth = settings.model.depth > 0 ? settings.model.depth : vit.depth;
  shape.encoder_heads = settings.model.heads > 0 ? settings.model.heads : vit.heads;
  shape.epochs = settings.pretrain.epochs;
  return shape;
}

void check_sizes(Reader& reader, const Settings& settings, const RunShape& shape, const std::string& phase) {
  if (settings.segmentor.image_size % 32 != 0) {
    const auto lower = settings.segmentor.image_size / 32 * 32;
    reader.fault("segmentor.image_size",
                 fmt::format("segmentor.image_size = {} does not fit UNeXt-S", settings.segmentor.image_size),
                 "the network halves its input five times",
                 fmt::format("use a multiple of 32: {} or {}", lower, lower + 32));
  }
  if (phase != "pretrain") return;
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
  Reader reader(cell, host, faults);
  reader.top_level(settings.general);
  reader.host_table("views", settings.views);
  reader.host_table("segmentor", settings.segmentor);
  reader.host_table("model", settings.model);
  reader.host_table("optimizer", settings.optimizer);
  reader.host_table("pretrain", settings.pretrain);
  bind_host(settings.data, table_of(cell, "data", faults), "[data]", faults);
  bind_host(settings.guidance, table_of(cell, "guidance", faults), "[guidance]", faults);
  if (faults.size() != faults_before) return recipe;  // what follows builds on these numbers

  recipe.shape = shape_of(settings);
  check_sizes(reader, settings, recipe.shape, phase);
  if (faults.size() != faults_before) return recipe;

  Schema data_keys;
  settings.data.describe(data_keys);
  const auto data_names = field_names(data_keys);
  recipe.dataset =
      reader.from_table("data", "dataset", "dataset", settings.data.dataset, {data_names.begin(), data_names.end()});

  const auto place = [&](const char* path) {
    const Node* node = cell.find(path);
    return node == nullptr ? cell.origin : node->origin;
  };
  if (phase == "pretrain") {
    reader.guidance_source(recipe, settings.guidance.source, place("guidance.source"), true);
    recipe.objective = reader.from_table("objective", "name", "objective", "mae", {});
    recipe.masking = reader.from_table("masking", "strategy", "masking", "random", {});
    reader.losses(recipe);
  }
  reader.guidance_source(recipe, settings.guidance.filter, place("guidance.filter"), false);
  if (faults.size() != faults_before) return recipe;

  if (phase == "pretrain") check_pixel_space(recipe, faults);
  return recipe;
}

}  // namespace vaso::train
