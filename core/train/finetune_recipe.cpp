#include "train/finetune_recipe.hpp"

#include "config/binding.hpp"
#include "train/encoder.hpp"
#include "train/recipe_reader.hpp"

#include <fmt/format.h>

namespace vaso::train {
namespace {

using config::Diagnostic;
using config::Node;

std::optional<Choice> chosen(RecipeReader& reader, const Node& table, const std::string& kind, const std::string& name,
                             const std::string& where, std::set<std::string>& used) {
  const Node* selected = table.find(kind);
  if (name.empty()) {
    reader.fault(where, fmt::format("[{}] names no {}", where, kind), "",
                 config::suggestion("", reader.component_names(kind)));
    return std::nullopt;
  }
  return reader.choose(kind, name, selected != nullptr ? selected->origin : table.origin, nullptr,
                       RecipeReader::sub_table(table, name), used);
}

// The sizes of the encoder as this task runs it.
RunShape shape_of(const FinetuneRecipe& recipe) {
  RunShape shape = encoder_shape(recipe.model);
  shape.image_size = recipe.task.image_size;
  if (recipe.task.patch_size > 0) shape.patch_size = recipe.task.patch_size;
  shape.epochs = recipe.task.epochs;
  return shape;
}

void check(RecipeReader& reader, const FinetuneRecipe& recipe) {
  const auto at = [&](const char* key) { return recipe.table + "." + key; };
  const RunShape& shape = recipe.shape;
  if (shape.patch_size < 1 || shape.image_size % shape.patch_size != 0) {
    const auto lower = shape.patch_size < 1 ? 0 : shape.image_size / shape.patch_size * shape.patch_size;
    reader.fault(at("image_size"),
                 fmt::format("{} px cannot be cut into patches of {}", shape.image_size, shape.patch_size),
                 "the side of the input must be a multiple of the patch size",
                 fmt::format("use {} or {}", lower, lower + shape.patch_size));
  }
  if (recipe.task.relative_positions && recipe.task.tune == "frozen" && recipe.task.weights.empty()) {
    reader.fault(at("relative_positions"), "relative positions begin at zero, and a frozen encoder never learns them",
                 "", "leave them out, or set tune = \"full\"");
  }
  for (const std::int64_t block : recipe.task.global_blocks) {
    if (block < 0 || block >= shape.encoder_depth) {
      reader.fault(at("global_blocks"), fmt::format("there is no block {}", block),
                   fmt::format("the encoder has {}, counted from 0", shape.encoder_depth), "");
    }
  }
  if (!recipe.task.global_blocks.empty() && recipe.task.window == 0) {
    reader.fault(at("global_blocks"), "global_blocks without a window",
                 "with window = 0 every block attends everywhere",
                 "set `window`, 14 as in ViTDet, or leave global_blocks out");
  }
  if (recipe.augment.scale[0] > recipe.augment.scale[1]) {
    reader.fault(at("augment.scale"), "augment.scale: the least exceeds the most", "",
                 "write the smaller number first");
  }
  if (recipe.task.init == "scratch" && !recipe.task.weights.empty()) {
    reader.fault(at("weights"), "`weights` are given, and init = \"scratch\" would not load them", "",
                 "leave one of them out");
  }
}

}  // namespace

model::VitShape vit_shape(const FinetuneRecipe& recipe) {
  model::VitShape vit = vit_shape(recipe.model, recipe.shape);
  vit.window = recipe.task.window;
  vit.global_blocks = recipe.task.global_blocks;
  vit.relative_positions = recipe.task.relative_positions;
  vit.trainable_positions = recipe.task.tune == "full";
  vit.drop_path = recipe.task.tune == "frozen" ? 0 : recipe.task.drop_path;
  return vit;
}

FinetuneRecipe read_finetune_recipe(const Node& cell, PluginHost& host, std::vector<Diagnostic>& faults) {
  const std::size_t faults_before = faults.size();
  FinetuneRecipe recipe;
  RecipeReader reader(cell, host, faults);
  reader.top_level(recipe.general);
  reader.host_table("views", recipe.views);
  reader.host_table("model", recipe.model);
  const std::vector<std::string> tasks = experiment::downstream_tasks(cell);
  if (tasks.size() != 1) throw std::invalid_argument("a fine-tuning has one task: see experiment::with_task");
  recipe.name = tasks.front();
  recipe.table = "downstream." + recipe.name;
  const Node& table = cell.find("downstream")->table().front().node;
  std::vector<std::string> keys = reader.host_keys(table, "[" + recipe.table + "]", recipe.task);
  Schema augment;
  recipe.augment.describe(augment);
  if (const Node* given = RecipeReader::sub_table(table, "augment")) {
    std::set<std::string> used;
    const std::string owner = "[" + recipe.table + ".augment]";
    config::bind(*given, augment, owner, used, faults);
    config::refuse_unknown(*given, owner, used, field_names(augment), faults);
  }
  if (faults.size() != faults_before) return recipe;  // what follows builds on these numbers

  std::set<std::string> used(keys.begin(), keys.end());
  used.insert("augment");
  const auto dataset = chosen(reader, table, "dataset", recipe.task.dataset, recipe.table, used);
  const auto head = chosen(reader, table, "head", recipe.task.head, recipe.table, used);
  reader.check_rest(table, "[" + recipe.table + "]",
                    {{"dataset", dataset ? &*dataset : nullptr}, {"head", head ? &*head : nullptr}}, used, false);
  recipe.shape = shape_of(recipe);
  check(reader, recipe);
  if (const std::string why = refusal(vit_shape(recipe)); !why.empty() && faults.size() == faults_before) {
    reader.fault(recipe.table, fmt::format("[{}] and [model] describe no encoder", recipe.table), why, "");
  }
  if (faults.size() != faults_before) return recipe;
  recipe.dataset = *dataset;
  recipe.head = *head;
  return recipe;
}

}  // namespace vaso::train
