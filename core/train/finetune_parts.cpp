#include "train/finetune_parts.hpp"

#include "data/labelled_loader.hpp"
#include "data/split.hpp"
#include "metrics/box_scores.hpp"
#include "metrics/mask_scores.hpp"
#include "runs/store.hpp"

#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <thread>

namespace vaso::train {
namespace {

using config::Diagnostic;

constexpr std::size_t most_faults = 20;  // of one data set that are shown

std::vector<std::string> patients_of(const Dataset& dataset, const std::vector<std::int64_t>& records) {
  std::vector<std::string> patients;
  for (const std::int64_t record : records) {
    const RecordId id = dataset.id(record);
    patients.push_back(id.patient.empty() ? "" : id.source + "/" + id.patient);
  }
  return patients;
}

// Takes the records of `from` that the draw gives to `name` out of it.
std::vector<std::int64_t> hold_out(const Dataset& dataset, std::vector<std::int64_t>& from, double share,
                                   std::uint64_t seed) {
  std::vector<std::int64_t> kept, held;
  const auto draw = data::split_by_group(patients_of(dataset, from), {{"kept", 1 - share}, {"held", share}}, seed);
  for (std::size_t i = 0; i < from.size(); ++i) (draw[i] == "held" ? held : kept).push_back(from[i]);
  from = std::move(kept);
  return held;
}

void divide(FinetuneParts& parts) {
  const experiment::Downstream& task = parts.recipe.task;
  const auto seed = static_cast<std::uint64_t>(task.split_seed);
  const Dataset& dataset = *parts.dataset;
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    const std::string split = dataset.id(i).split;
    (split == "test" ? parts.test : split == "val" ? parts.validation : parts.train).push_back(i);
  }
  if (parts.test.empty() && task.test_share > 0) {
    parts.test = hold_out(dataset, parts.train, task.test_share, seed);
    parts.notes.push_back(
        fmt::format("the data set has no test images: {} of its patients' images are held out, seed {}",
                    parts.test.size(), task.split_seed));
  }
  if (parts.validation.empty() && task.validation_share > 0) {
    parts.validation = hold_out(dataset, parts.train, task.validation_share, seed + 1);
    parts.notes.push_back(fmt::format("{} training images are held out to select weights by", parts.validation.size()));
  }
  if (task.label_fraction < 1 && !parts.train.empty()) {
    auto groups = patients_of(dataset, parts.train);
    if (task.fraction_by == "image") {
      for (std::size_t i = 0; i < groups.size(); ++i)
        groups[i] = dataset.id(parts.train[i]).source + "/" + dataset.id(parts.train[i]).name;
    }
    std::vector<std::int64_t> kept;
    for (const std::int64_t i : data::label_fraction(groups, task.label_fraction, seed)) {
      kept.push_back(parts.train[static_cast<std::size_t>(i)]);
    }
    parts.notes.push_back(fmt::format("{} of {} training images are used (label_fraction = {})", kept.size(),
                                      parts.train.size(), task.label_fraction));
    parts.train = std::move(kept);
  }
}

// Whether data set and head speak of the same thing.
void check_labels(const FinetuneParts& parts, std::vector<Diagnostic>& faults) {
  const bool masks = parts.head->answer() == Head::Answer::masks;
  if (masks ? parts.dataset->has_masks() : parts.dataset->has_boxes()) return;
  faults.push_back({fmt::format("{} has no {}", parts.recipe.dataset.name(), masks ? "masks" : "boxes"),
                    parts.recipe.dataset.origin, fmt::format("{} learns from them", parts.recipe.head.name()),
                    "use another head, or parameters with which the data set yields them: `vaso plugins info " +
                        parts.recipe.dataset.name() + "`"});
}

void check_dataset(const FinetuneParts& parts, std::vector<Diagnostic>& faults) {
  const std::vector<Fault> found = parts.dataset->faults();
  for (std::size_t i = 0; i < std::min(found.size(), most_faults); ++i) {
    faults.push_back(
        {fmt::format("{}: {}", found[i].where, found[i].what), parts.recipe.dataset.origin, "", found[i].cure});
  }
  if (found.size() > most_faults) {
    faults.push_back({fmt::format("{} has {} more faults", parts.recipe.dataset.name(), found.size() - most_faults),
                      parts.recipe.dataset.origin, "", "`vaso data check` lists every one"});
  }
}

// A metric that nobody computes would end the run after its first epoch.
void check_selection(const FinetuneParts& parts, std::vector<Diagnostic>& faults) {
  const std::string& select = parts.recipe.task.select;
  if (select.empty()) return;
  const bool masks = parts.head->answer() == Head::Answer::masks;
  const metrics::Report report = masks ? metrics::MaskScores(parts.labels, {.surface = false}).report()
                                       : metrics::BoxScores(parts.labels).report();
  std::vector<std::string> known;
  for (const metrics::Metric& metric : report.metrics) known.push_back(metric.name);
  if (std::find(known.begin(), known.end(), select) != known.end()) return;
  faults.push_back({fmt::format("there is no metric `{}` to select weights by", select), parts.recipe.head.origin, "",
                    config::suggestion(select, known)});
}

void check_encoder(const FinetuneParts& parts, bool has_encoder, std::vector<Diagnostic>& faults) {
  if (!parts.wants_pretrained() || has_encoder || !parts.recipe.task.weights.empty()) return;
  faults.push_back({fmt::format("[{}] has no encoder to start from", parts.recipe.table), parts.recipe.head.origin,
                    "no phase pre-trains one, and no weights are given",
                    "put \"pretrain\" before \"finetune\" in `phases`, set `weights`, or say init = \"scratch\""});
}

template <class Function>
void collect(std::vector<Diagnostic>& faults, const Choice& choice, Function function) {
  try {
    function();
  } catch (const config::ConfigError& error) {
    faults.insert(faults.end(), error.diagnostics().begin(), error.diagnostics().end());
  } catch (const ParameterError& error) {
    faults.push_back({fmt::format("{}: `{}` does not fit", choice.name(), error.field()), choice.locate(error.field()),
                      error.what(), ""});
  } catch (const c10::Error& error) {
    faults.push_back({choice.name() + " cannot be made", choice.origin, error.what_without_backtrace(), ""});
  } catch (const std::exception& error) {
    faults.push_back({choice.name() + " cannot be made", choice.origin, error.what(), ""});
  }
}

}  // namespace

std::int64_t FinetuneParts::batches_per_epoch() const {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(train.size()) / recipe.task.batch_size);
}

std::int64_t FinetuneParts::steps_per_epoch() const {
  return (batches_per_epoch() + recipe.task.accumulate - 1) / recipe.task.accumulate;
}

FinetuneParts fit_finetune(const config::Node& cell, PluginHost& host, bool has_encoder,
                           std::vector<Diagnostic>& faults) {
  const std::size_t faults_before = faults.size();
  FinetuneParts parts;
  parts.recipe = read_finetune_recipe(cell, host, faults);
  if (faults.size() != faults_before) return parts;

  collect(faults, parts.recipe.dataset, [&] {
    parts.dataset = make<Dataset>(parts.recipe.dataset, parts.recipe.shape);
    parts.labels = parts.dataset->labels();
    parts.notes = parts.dataset->notes();
    check_dataset(parts, faults);
    divide(parts);
    if (parts.train.empty()) {
      faults.push_back({fmt::format("{} leaves no training image", parts.recipe.dataset.name()),
                        parts.recipe.dataset.origin, "", "`vaso data info` says what was found"});
    }
    parts.fingerprint =
        data::fingerprint(*parts.dataset, 0, parts.recipe.dataset.name() + " " + parts.recipe.dataset.parameter_text());
  });
  if (faults.size() != faults_before) return parts;
  parts.recipe.shape.samples = static_cast<std::int64_t>(parts.train.size());

  collect(faults, parts.recipe.head, [&] {
    parts.head = make<Head>(parts.recipe.head, parts.recipe.shape);
    check_labels(parts, faults);
    check_encoder(parts, has_encoder, faults);
    check_selection(parts, faults);
    if (faults.size() == faults_before) FinetuneNetwork(parts.recipe, *parts.head, parts.labels);
  });
  return parts;
}

data::Pack open_labelled_pack(const FinetuneParts& parts, const std::filesystem::path& cache, Reporter& reporter) {
  const bool masks = parts.head->answer() == Head::Answer::masks;
  const std::string wanted = runs::sha256(parts.fingerprint + (masks ? "\nlabels as bits" : "\nboxes alone"));
  const std::filesystem::path file = cache / (wanted.substr(0, 24) + ".pack");
  if (std::filesystem::exists(file)) return data::Pack(file);
  std::filesystem::create_directories(cache);
  const std::function<bool()> cancelled = [&] { return reporter.stop_requested(); };
  data::PackRequest request;
  request.dataset = parts.dataset.get();
  if (masks) request.extra = data::label_planes(static_cast<std::int64_t>(parts.labels.size()));
  request.fingerprint = wanted;
  request.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  request.progress = [&](std::int64_t done, std::int64_t total) { reporter.progress(done, total, "images"); };
  request.cancelled = &cancelled;
  reporter.stage(fmt::format("packing {} labelled images", parts.dataset->size()));
  data::write_pack(file, request);
  if (reporter.stop_requested()) throw Interrupted("stopped while packing images; nothing was lost");
  return data::Pack(file);
}

}  // namespace vaso::train
