// One [downstream] task of an experiment as typed settings and chosen components.
#pragma once

#include "experiment/downstream.hpp"
#include "model/vit.hpp"
#include "train/recipe.hpp"

#include "sdk/head.hpp"

#include <string>
#include <vector>

namespace vaso::train {

struct FinetuneRecipe {
  experiment::General general;
  experiment::Views views;  // of these, the normalisation
  experiment::Model model;
  experiment::Downstream task;
  experiment::Augmentation augment;
  std::string name;   // of the task
  std::string table;  // where it stands: "downstream.vessels"
  RunShape shape;     // of the encoder at the size of this task
  Choice dataset, head;
};

// The network of the encoder as this task runs it.
model::VitShape vit_shape(const FinetuneRecipe& recipe);

// Reads the only task of a cell made by experiment::with_task. Appends a Diagnostic per fault; the recipe is complete
// where none was added. `cell` must outlive it.
FinetuneRecipe read_finetune_recipe(const config::Node& cell, PluginHost& host,
                                    std::vector<config::Diagnostic>& faults);

}  // namespace vaso::train
