#include "train/finetune.hpp"

#include "data/image_name.hpp"
#include "data/labelled_loader.hpp"
#include "data/philox.hpp"
#include "model/recompute.hpp"
#include "train/checkpoint.hpp"
#include "train/clock.hpp"
#include "train/device.hpp"
#include "train/epoch_means.hpp"
#include "train/finetune_parts.hpp"
#include "train/selection.hpp"
#include "train/task_evaluation.hpp"
#include "train/task_picture.hpp"
#include "train/test_pictures.hpp"
#include "train/trained_model.hpp"

#include <ATen/ATen.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <cmath>
#include <map>

namespace vaso::train {
namespace {

AdamW::Options adamw(const experiment::Downstream& task) {
  AdamW::Options options;
  options.beta1 = task.betas[0];
  options.beta2 = task.betas[1];
  options.weight_decay = task.weight_decay;
  return options;
}

class Finetuning {
 public:
  Finetuning(const config::Node& cell, FinetuneParts parts, const RunPlace& place, Reporter& reporter)
      : cell_(cell),
        parts_(std::move(parts)),
        task_(parts_.recipe.task),
        place_(place),
        reporter_(reporter),
        device_(choose_device(parts_.recipe.general.device)),
        pack_(open_labelled_pack(parts_, place.cache, reporter)),
        network_(parts_.recipe, *parts_.head, parts_.labels),
        started_(network_.start(encoder_file())),
        loader_(loader_request()),
        evaluation_(parts_.recipe, parts_.labels, *parts_.head, network_, device_),
        selection_(task_.select.empty() ? default_metric() : task_.select, task_.early_stop) {
    network_.to(device_);
    optimizer_.emplace(network_.groups(), adamw(task_));
  }

  // Whether early stopping ended it.
  bool run() {
    for (const std::string& note : parts_.notes) reporter_.note(note);
    reporter_.note(fmt::format("{}; {:.1f} of {:.1f} million parameters are trained", started_,
                               static_cast<double>(network_.trained_count()) / 1e6,
                               static_cast<double>(network_.parameter_count()) / 1e6));
    reporter_.note(fmt::format("{} training, {} validation, {} test images", parts_.train.size(),
                               parts_.validation.size(), parts_.test.size()));
    if (place_.resume) resume();
    reporter_.stage(fmt::format("fine-tuning {} on {}", parts_.recipe.head.name(), parts_.recipe.dataset.name()));
    while (epoch_ < task_.epochs && !selection_.exhausted()) {
      train_epoch();
      end_epoch();
    }
    const bool stopped_early = epoch_ < task_.epochs;
    if (stopped_early) {
      reporter_.note(fmt::format("stopped after epoch {}: no better {} in {} validations", epoch_, selection_.metric(),
                                 task_.early_stop));
    }
    finish();
    return stopped_early;
  }

 private:
  std::string default_metric() const { return parts_.head->answer() == Head::Answer::masks ? "dice" : "ap50"; }

  std::filesystem::path checkpoint_file() const { return place_.folder / "checkpoint.safetensors"; }

  std::string encoder_file() const {
    if (!parts_.wants_pretrained()) return "";
    return task_.weights.empty() ? place_.weights.string() : task_.weights;
  }

  data::LabelledRequest loader_request() const {
    const experiment::Augmentation& augment = parts_.recipe.augment;
    data::LabelledRequest request;
    request.pack = &pack_;
    request.records = parts_.train;
    request.side = task_.image_size;
    request.labels = static_cast<std::int64_t>(parts_.labels.size());
    request.masks = parts_.head->answer() == Head::Answer::masks;
    request.boxes = !request.masks;
    request.augment = true;
    request.placement = {augment.scale[0], augment.scale[1], augment.shift, augment.rotate,
                         augment.flip >= 0          ? augment.flip
                         : parts_.labels.size() > 1 ? 0.0
                                                    : 0.5};
    request.brightness = augment.brightness;
    request.contrast = augment.contrast;
    request.mean = parts_.recipe.views.mean;
    request.deviation = parts_.recipe.views.deviation;
    request.batch_size = task_.batch_size;
    request.seed = static_cast<std::uint64_t>(parts_.recipe.general.seed);
    request.pinned = device_.is_cuda();
    return request;
  }

  at::Generator generator(const char* purpose, std::int64_t step) const {
    const auto seed = static_cast<std::uint64_t>(parts_.recipe.general.seed);
    return make_generator(device_, random_key(seed, purpose, static_cast<std::uint64_t>(step)));
  }

  LabelledBatch to_device(LabelledBatch batch) const {
    batch.image = batch.image.to(device_, /*non_blocking=*/true);
    if (batch.masks.defined()) batch.masks = batch.masks.to(device_, /*non_blocking=*/true);
    for (at::Tensor& boxes : batch.boxes) boxes = boxes.to(device_);
    for (at::Tensor& labels : batch.labels) labels = labels.to(device_);
    return batch;
  }

  void train_epoch() {
    network_.train(true);
    loader_.begin(epoch_, first_batch_);
    const std::int64_t batches = loader_.batches();
    const Clock clock;
    std::int64_t images = 0;
    data::LabelledImages labelled;
    for (std::int64_t index = first_batch_; index < batches && loader_.next(labelled); ++index) {
      const std::int64_t slice = index % task_.accumulate;
      const std::int64_t slices = std::min(task_.accumulate, batches - (index - slice));
      train_on(to_device(std::move(labelled.batch)), epoch_ * batches + index, slices);
      images += labelled.index.size(0);
      const bool step_done = slice + 1 == slices;
      if (step_done) update_weights();
      if (progress_clock_.every(0.3)) {
        reporter_.progress(
            epoch_ * batches + index + 1, task_.epochs * batches,
            fmt::format("epoch {}/{}  loss {:.4f}{}  {:.0f} images/s", epoch_ + 1, task_.epochs, means_.mean("loss"),
                        selection_.text(), static_cast<double>(images) / clock.seconds()));
      }
      if (step_done && index + 1 < batches) pause_or_go_on(index + 1);
    }
    images_per_second_ = static_cast<double>(images) / std::max(clock.seconds(), 1e-9);
  }

  // One forward and backward pass; gradients add up over the slices of an optimizer step.
  void train_on(const LabelledBatch& batch, std::int64_t slice, std::int64_t slices) {
    network_.set_generator(generator("drop path", slice));
    Bag losses;
    try {
      const Precision precision(parts_.recipe.general.precision, device_);
      const model::Recomputation recomputation(parts_.recipe.model.activation_checkpointing);
      losses = parts_.head->losses(network_.view(), batch, generator("head", slice));
    } catch (const c10::Error& error) {
      throw std::runtime_error(
          fmt::format("{} in epoch {}: {}", parts_.recipe.head.name(), epoch_ + 1, error.what_without_backtrace()));
    }
    at::Tensor total;
    for (const auto& [name, loss] : losses) {
      means_.add("loss." + name, loss.item<double>());
      total = total.defined() ? total + loss : loss;
    }
    if (!total.defined()) throw std::runtime_error(parts_.recipe.head.name() + " gave no loss");
    const auto value = total.item<double>();
    if (!std::isfinite(value)) {
      throw std::runtime_error(
          fmt::format("the loss is no finite number in epoch {}; lower learning_rate, lengthen warmup_epochs, or set "
                      "clip in [{}]",
                      epoch_ + 1, parts_.recipe.table));
    }
    means_.add("loss", value);
    (total / static_cast<double>(slices)).backward();
  }

  void update_weights() {
    if (task_.clip > 0) means_.add("gradient_norm", optimizer_->clip(task_.clip));
    const double done = static_cast<double>(step_) / static_cast<double>(parts_.steps_per_epoch());
    last_rate_ =
        warmup_cosine(done, task_.learning_rate, task_.min_lr, task_.warmup_epochs, static_cast<double>(task_.epochs));
    optimizer_->step(last_rate_);
    optimizer_->zero_grad();
    ++step_;
  }

  void pause_or_go_on(std::int64_t next_batch) {
    if (!reporter_.stop_requested()) return;
    save_checkpoint(next_batch);
    throw Interrupted(fmt::format("stopped in epoch {} of {}", epoch_ + 1, task_.epochs));
  }

  void end_epoch() {
    std::map<std::string, double> values = means_.means();
    values["learning_rate"] = last_rate_;
    values["images_per_second"] = images_per_second_;
    values["waiting_share"] = loader_.waiting_share();
    means_.clear();
    first_batch_ = 0;
    ++epoch_;
    if (epoch_ % task_.validate_every == 0 || epoch_ == task_.epochs) validate(values);
    reporter_.log(epoch_ - 1, values);
    save_checkpoint(0);
    if (reporter_.stop_requested() && epoch_ < task_.epochs && !selection_.exhausted()) {
      throw Interrupted(fmt::format("stopped after epoch {} of {}", epoch_, task_.epochs));
    }
  }

  void validate(std::map<std::string, double>& values) {
    if (parts_.validation.empty()) {
      selection_.take_last(epoch_ - 1, network_.state());
      return;
    }
    const metrics::Report report = evaluation_.run(pack_, parts_.validation, false);
    for (const metrics::Metric& metric : report.metrics) values["val." + metric.name] = metric.value;
    selection_.consider(epoch_ - 1, report, network_.state());
  }

  void save_checkpoint(std::int64_t next_batch) {
    Checkpoint checkpoint{epoch_, next_batch, step_, network_.state(), {}};
    checkpoint.parts["optimizer"] = optimizer_->state();
    checkpoint.parts["epoch"] = means_.state();
    checkpoint.parts["selected"] = selection_.weights();
    checkpoint.parts["selection"] = selection_.state();
    checkpoint.parts["component"] = parts_.head->state();
    save(checkpoint, checkpoint_file(), "finetune");
  }

  void resume() {
    if (!std::filesystem::exists(checkpoint_file())) {
      reporter_.note("no checkpoint was written before the run stopped: it starts from the beginning");
      return;
    }
    Checkpoint checkpoint = load(checkpoint_file(), "finetune");
    network_.set_state(checkpoint.student);
    optimizer_->set_state(checkpoint.parts["optimizer"]);
    means_.set_state(checkpoint.parts["epoch"]);
    selection_.set_state(checkpoint.parts["selection"], checkpoint.parts["selected"]);
    parts_.head->set_state(checkpoint.parts["component"]);
    epoch_ = checkpoint.epoch;
    step_ = checkpoint.step;
    first_batch_ = checkpoint.batch;
    reporter_.forget_from(epoch_);
    reporter_.note(fmt::format("going on with epoch {} of {}, batch {}", epoch_ + 1, task_.epochs, first_batch_ + 1));
  }

  void finish() {
    network_.set_state(selection_.weights());
    network_.merge_low_rank();
    const std::filesystem::path file = place_.folder / "model.safetensors";
    save_model(file, cell_, parts_, network_);
    reporter_.artefact("model", file);
    if (parts_.test.empty()) {
      reporter_.note("there are no test images: nothing is measured");
      return;
    }
    reporter_.stage(
        fmt::format("measuring the weights of epoch {} on {} test images", selection_.epoch() + 1, parts_.test.size()));
    std::vector<std::vector<vision::ColourImage>> sheet;
    TestPictures single(place_.folder / "test", task_.test_pictures);
    const auto pictures = static_cast<std::size_t>(task_.pictures);
    const metrics::Report report = evaluation_.run(
        pack_, parts_.test, task_.surface_distances,
        [&](std::int64_t done, std::int64_t total) { reporter_.progress(done, total, "test images"); },
        [&](std::int64_t record, const Answer& answer) {
          if (sheet.size() >= pictures && !single.wants_more()) return;
          const std::vector<vision::ColourImage> panels = panels_of(pack_, parts_.labels, record, answer);
          if (single.wants_more()) single.add(data::image_name(pack_.id(record)), panels);
          if (sheet.size() < pictures) sheet.push_back(panels);
        });
    std::map<std::string, double> values{{"epochs", static_cast<double>(epoch_)},
                                         {"selected_epoch", static_cast<double>(selection_.epoch() + 1)}};
    for (const metrics::Metric& metric : report.metrics) {
      values["test." + metric.name] = metric.value;
      reporter_.convention("test." + metric.name, metric.convention);
    }
    for (const auto& [metric, images] : report.per_image) reporter_.per_image("test." + metric, images);
    reporter_.log(selection_.epoch(), values);
    if (const std::filesystem::path index = single.finish(); !index.empty()) {
      reporter_.artefact("test pictures", index);
    }
    if (!sheet.empty()) {
      write_panels(place_.folder / "test.png", parts_.recipe.head.name(), parts_.labels, sheet);
      reporter_.artefact("picture", place_.folder / "test.png");
    }
  }

  const config::Node& cell_;
  FinetuneParts parts_;
  const experiment::Downstream& task_;
  RunPlace place_;
  Reporter& reporter_;
  c10::Device device_;
  data::Pack pack_;
  FinetuneNetwork network_;
  std::string started_;
  data::LabelledLoader loader_;
  TaskEvaluation evaluation_;
  Selection selection_;
  std::optional<AdamW> optimizer_;
  EpochMeans means_;
  std::int64_t epoch_ = 0, first_batch_ = 0, step_ = 0;
  double last_rate_ = 0, images_per_second_ = 0;
  Clock progress_clock_;
};

}  // namespace

bool finetune(const config::Node& cell, PluginHost& host, const RunPlace& place, Reporter& reporter) {
  std::vector<config::Diagnostic> faults;
  FinetuneParts parts = fit_finetune(cell, host, !place.weights.empty(), faults);
  if (!faults.empty()) throw config::ConfigError(std::move(faults));
  return Finetuning(cell, std::move(parts), place, reporter).run();
}

}  // namespace vaso::train
