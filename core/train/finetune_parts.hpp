// The parts of one fine-tuning, made from its recipe and fitted together; everything that can be wrong is found here.
#pragma once

#include "data/pack.hpp"
#include "train/finetune_network.hpp"
#include "train/finetune_recipe.hpp"
#include "train/reporter.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace vaso::train {

struct FinetuneParts {
  FinetuneRecipe recipe;
  std::shared_ptr<Head> head;
  std::shared_ptr<Dataset> dataset;  // all of it
  std::vector<std::string> labels;
  std::vector<std::int64_t> train, validation, test;  // records of the data set
  std::vector<std::string> notes;                     // how it was divided, what the reader passed over
  std::string fingerprint;                            // of the data set: files, their sizes and times, parameters

  bool uses_encoder() const { return head->uses_encoder(); }
  bool wants_pretrained() const { return uses_encoder() && recipe.task.init == "pretrained"; }
  std::int64_t batches_per_epoch() const;
  std::int64_t steps_per_epoch() const;
};

// `has_encoder`: a pre-trained encoder will be there when the run starts. Appends a Diagnostic per fault; the parts are
// complete where none was added. `cell` (made by experiment::with_task) must outlive them.
FinetuneParts fit_finetune(const config::Node& cell, PluginHost& host, bool has_encoder,
                           std::vector<config::Diagnostic>& faults);

// The pack of the whole data set with its labels, from `cache` if it is there.
data::Pack open_labelled_pack(const FinetuneParts& parts, const std::filesystem::path& cache, Reporter& reporter);

}  // namespace vaso::train
