#include "train/pretrain.hpp"

#include "data/loader.hpp"
#include "model/recompute.hpp"
#include "train/checkpoint.hpp"
#include "train/clock.hpp"
#include "train/device.hpp"
#include "train/optimizer.hpp"
#include "train/picture.hpp"
#include "train/safetensors.hpp"
#include "train/step.hpp"
#include "train/sweep.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>

namespace vaso::train {
namespace {

std::string segmentor_file(const Settings& settings, const RunPlace& place) {
  return settings.segmentor.weights.empty() ? place.weights.string() : settings.segmentor.weights;
}

class Pretraining {
 public:
  Pretraining(PretrainParts parts, const RunPlace& place, Reporter& reporter)
      : parts_(std::move(parts)),
        settings_(parts_.recipe.settings),
        place_(place),
        reporter_(reporter),
        device_(choose_device(settings_.general.device)),
        pack_(open_pack(parts_.recipe, parts_.images, *parts_.guidance, place.cache, reporter)),
        student_(vit_shape(settings_.model, parts_.recipe.shape), *parts_.objective, *parts_.masking),
        loader_(loader_request()) {
    const auto seed = static_cast<std::uint64_t>(settings_.general.seed);
    student_.initialise(seed);
    if (const experiment::Model& model = settings_.model; !model.init_from.empty()) {
      const auto options = load_options(model.position_resize, model.patch_resize);
      reporter_.note(model.init_from + ": " + student_.load_encoder(model.init_from, options).to_text());
    }
    student_.to(device_);
    if (parts_.needs.teacher) {
      teacher_.emplace(student_.encoder_shape(), *parts_.objective, *parts_.masking);
      teacher_->set_state(student_.state());
      teacher_->to(device_);
      teacher_->train(false);
      for (auto& tensor : teacher_->tensors()) tensor.set_requires_grad(false);
    }
    if (const std::string file = segmentor_file(settings_, place); !file.empty()) {
      segmentor_ = load_segmentor(file, settings_.segmentor, seed, device_);
    }
    AdamW::Options options;
    options.beta1 = settings_.optimizer.betas[0];
    options.beta2 = settings_.optimizer.betas[1];
    options.weight_decay = settings_.optimizer.weight_decay;
    optimizer_.emplace(mae_groups(student_.parameters()), options);
    resources_ = {&parts_.recipe,
                  &parts_.recipe.shape,
                  &*parts_.guidance,
                  parts_.objective.get(),
                  &student_,
                  teacher_ ? &*teacher_ : nullptr,
                  segmentor_.get(),
                  &means_,
                  device_};
    resources_.wrong_plans = &wrong_plans_;
    progress_.epochs = settings_.pretrain.epochs;
    progress_.steps_per_epoch = parts_.steps_per_epoch();
  }

  void run() {
    if (place_.resume) resume();
    reporter_.stage(fmt::format("pre-training with {}", parts_.recipe.masking.name()));
    student_.train(true);
    for (; progress_.epoch < progress_.epochs; ++progress_.epoch, first_batch_ = 0) {
      train_epoch();
      end_epoch();
    }
    finish();
  }

 private:
  std::filesystem::path checkpoint_file() const { return place_.folder / "checkpoint.safetensors"; }
  std::string filter_map() const { return GuidanceGraph::map_name(settings_.guidance.filter); }

  data::LoaderRequest loader_request() const {
    data::LoaderRequest request;
    request.pack = &pack_;
    request.views = parts_.views;
    for (const std::string& source : parts_.guidance->stored()) request.maps.push_back(GuidanceGraph::map_name(source));
    request.mean = settings_.views.mean;
    request.deviation = settings_.views.deviation;
    request.batch_size = settings_.pretrain.batch_size;
    request.seed = static_cast<std::uint64_t>(settings_.general.seed);
    request.workers = static_cast<int>(settings_.data.workers);
    request.device = device_;
    return request;
  }

  void train_epoch() {
    loader_.begin(progress_.epoch, first_batch_);
    const std::int64_t batches = progress_.steps_per_epoch * settings_.pretrain.accumulate;
    Clock epoch_clock;
    images_ = 0;
    Bag batch;
    for (std::int64_t index = first_batch_; index < batches && loader_.next(batch); ++index) {
      train_on(batch, progress_.epoch * batches + index);
      images_ += batch.at("image").size(0);
      const bool step_done = (index + 1) % settings_.pretrain.accumulate == 0;
      if (step_done) update_weights();
      show_progress(epoch_clock);
      const bool epoch_done = index + 1 == batches;
      if (step_done && !epoch_done) pause_or_go_on(index + 1);
    }
    check_steps();  // and so waits for the last step
    seconds_ = epoch_clock.seconds();
  }

  // Steps 3 to 6: plan, student forward, losses, backward. Gradients add up over the slices of one optimizer step.
  void train_on(const Bag& batch, std::int64_t slice) {
    Step step(resources_, progress_, slice, batch);
    try {
      at::Tensor total;
      {
        const Precision precision(settings_.general.precision, device_);
        const model::Recomputation recomputation(settings_.model.activation_checkpointing);
        step.calling(parts_.recipe.masking);
        {
          const c10::NoGradGuard no_gradient;
          step.set_plan(parts_.masking->plan(step));
        }
        step.calling(parts_.recipe.objective);
        Bag outputs = step.forward(student_.view(), step.plan(), {});
        for (auto& [name, tensor] : outputs) tensor = tensor.to(at::kFloat);
        step.set_outputs(std::move(outputs));
        step.calling(parts_.recipe.masking);
        total = add_loss(total, "loss." + parts_.recipe.masking.component->entry.name, parts_.masking->loss(step), 1.0);
      }
      for (std::size_t i = 0; i < parts_.losses.size(); ++i) {
        const LossChoice& loss = parts_.recipe.losses[i];
        step.calling(loss.choice);
        total =
            add_loss(total, "loss." + loss.choice.component->entry.name, parts_.losses[i]->value(step), loss.weight);
      }
      means_.add("loss", total);
      if (device_.is_cpu()) check_steps();
      (total / static_cast<double>(settings_.pretrain.accumulate)).backward();
      count_patches(step);
    } catch (const c10::Error& error) {
      throw std::runtime_error(where(step) + error.what_without_backtrace());
    } catch (const std::exception& error) {
      throw std::runtime_error(where(step) + error.what());
    }
  }

  std::string where(const Step& step) const {
    return fmt::format("{} in epoch {}, step {}: ", step.caller(), progress_.epoch + 1, progress_.step);
  }

  // On a GPU this waits for the step, and so is asked only where somebody looks: a sum that is no number stays none, a
  // wrong plan stays noted.
  void check_steps() const {
    if (wrong_plans_.defined() && wrong_plans_.item<bool>()) {
      throw std::runtime_error(fmt::format(
          "{0} made a mask plan, in epoch {1} or before, that does not drop, keep and mask as many patches of "
          "every image as it says: `vaso plugins check {0}` tells more",
          parts_.recipe.masking.name(), progress_.epoch + 1));
    }
    if (std::isfinite(means_.mean("loss"))) return;
    throw std::runtime_error(
        "the loss is no finite number; lower optimizer.base_lr, lengthen optimizer.warmup_epochs, or set "
        "optimizer.clip");
  }

  at::Tensor add_loss(const at::Tensor& total, const std::string& series, const at::Tensor& value, double weight) {
    if (!value.defined()) return total;
    means_.add(series, value);
    const at::Tensor weighted = value * weight;
    return total.defined() ? total + weighted : weighted;
  }

  // How much of the mask lies on vessels: a patch holds vessel where the filter marked at least one pixel of it.
  void count_patches(const Step& step) {
    const at::Tensor vessel = patch_sums(step.batch().at(filter_map()), parts_.recipe.shape.patch_size) > 0;
    const at::Tensor masked = step.plan().state == MaskPlan::mask;
    means_.add("vessel_share", vessel.to(at::kFloat).mean());
    means_.add("masked_vessel_share",
               vessel.logical_and(masked).sum().to(at::kDouble) / masked.sum().clamp_min(1).to(at::kDouble));
    if (step.plan().guided.defined()) {
      means_.add("guided_patches", step.plan().guided.to(at::kFloat).mean());
    } else {
      means_.add("guided_patches", 0.0);
    }
  }

  double learning_rate() const {
    const auto images_a_step = static_cast<double>(settings_.pretrain.batch_size * settings_.pretrain.accumulate);
    return warmup_cosine(progress_.fractional_epoch(), settings_.optimizer.base_lr * images_a_step / 256.0,
                         settings_.optimizer.min_lr, settings_.optimizer.warmup_epochs,
                         static_cast<double>(progress_.epochs));
  }

  void update_weights() {
    if (settings_.optimizer.clip > 0) means_.add("gradient_norm", optimizer_->clip(settings_.optimizer.clip));
    last_rate_ = learning_rate();
    optimizer_->step(last_rate_);
    optimizer_->zero_grad();
    ++progress_.step;
    if (teacher_) ema_update(teacher_->tensors(), student_.tensors(), parts_.masking->teacher_momentum(progress_));
  }

  void show_progress(const Clock& epoch_clock) {
    if (!progress_clock_.every(0.3)) return;
    check_steps();
    reporter_.progress(progress_.step, progress_.epochs * progress_.steps_per_epoch,
                       fmt::format("epoch {}/{}  loss {:.4f}  {:.0f} images/s", progress_.epoch + 1, progress_.epochs,
                                   means_.mean("loss"), static_cast<double>(images_) / epoch_clock.seconds()));
  }

  void pause_or_go_on(std::int64_t next_batch) {
    const bool stop = reporter_.stop_requested();
    if (!stop && !checkpoint_clock_.every(60.0 * static_cast<double>(settings_.pretrain.checkpoint_minutes))) return;
    save_checkpoint(progress_.epoch, next_batch);
    if (stop) throw Interrupted(fmt::format("stopped in epoch {} of {}", progress_.epoch + 1, progress_.epochs));
  }

  void end_epoch() {
    std::map<std::string, double> values = means_.means();
    values["learning_rate"] = last_rate_;
    values["images_per_second"] = static_cast<double>(images_) / std::max(seconds_, 1e-9);
    values["waiting_share"] = loader_.waiting_share();
    reporter_.log(progress_.epoch, values);
    means_.clear();
    if (parts_.masking->wants_sweep(progress_)) {
      StudentSweep sweep(progress_, student_, pack_, loader_request(), parts_.recipe.shape.image_size, device_);
      parts_.masking->epoch_end(sweep);
    }
    save_checkpoint(progress_.epoch + 1, 0);
    if (reporter_.stop_requested() && progress_.epoch + 1 < progress_.epochs) {
      throw Interrupted(fmt::format("stopped after epoch {} of {}", progress_.epoch + 1, progress_.epochs));
    }
  }

  void save_checkpoint(std::int64_t epoch, std::int64_t batch) {
    check_steps();
    Checkpoint checkpoint{epoch, batch, progress_.step, student_.state(), {}};
    if (teacher_) checkpoint.parts["teacher"] = teacher_->state();
    checkpoint.parts["optimizer"] = optimizer_->state();
    checkpoint.parts["epoch"] = means_.state();
    for (const auto& [name, component] : parts_.stateful()) {
      for (const auto& [key, tensor] : component->state()) checkpoint.parts["component"][name + "." + key] = tensor;
    }
    save(checkpoint, checkpoint_file(), "pretrain");
    checkpoint_clock_.restart();
  }

  void resume() {
    if (!std::filesystem::exists(checkpoint_file())) {
      reporter_.note("no checkpoint was written before the run stopped: it starts from the beginning");
      return;
    }
    Checkpoint checkpoint = load(checkpoint_file(), "pretrain");
    student_.set_state(checkpoint.student);
    if (teacher_) teacher_->set_state(checkpoint.parts["teacher"]);
    optimizer_->set_state(checkpoint.parts["optimizer"]);
    means_.set_state(checkpoint.parts["epoch"]);
    for (const auto& [name, component] : parts_.stateful()) {
      Bag state;
      for (const auto& [key, tensor] : checkpoint.parts["component"]) {
        if (key.starts_with(name + ".")) state[key.substr(name.size() + 1)] = tensor;
      }
      component->set_state(state);
    }
    progress_.epoch = checkpoint.epoch;
    progress_.step = checkpoint.step;
    first_batch_ = checkpoint.batch;
    if (progress_.step > 0) last_rate_ = learning_rate_before();
    reporter_.forget_from(progress_.epoch);
    reporter_.note(
        fmt::format("going on with epoch {} of {}, batch {}", progress_.epoch + 1, progress_.epochs, first_batch_ + 1));
  }

  double learning_rate_before() {
    --progress_.step;
    const double rate = learning_rate();
    ++progress_.step;
    return rate;
  }

  void finish() {
    const std::filesystem::path weights = place_.folder / "encoder.safetensors";
    std::map<std::string, std::string> metadata = encoder_metadata(student_.encoder_shape());
    metadata["mean"] = fmt::format("{}", fmt::join(settings_.views.mean, ","));
    metadata["deviation"] = fmt::format("{}", fmt::join(settings_.views.deviation, ","));
    write_safetensors(weights, {student_.encoder_state(), metadata});
    reporter_.artefact("encoder", weights);
    if (settings_.pretrain.pictures > 0) {
      reporter_.stage("drawing what the model sees, hides and reconstructs");
      student_.train(false);
      const std::filesystem::path picture = place_.folder / "plan.png";
      draw_picture(picture);
      reporter_.artefact("picture", picture);
    }
  }

  // The first images of the data set, uncropped, under the last epoch's mask.
  void draw_picture(const std::filesystem::path& file) {
    const c10::NoGradGuard no_gradient;
    data::LoaderRequest request = loader_request();
    request.batch_size = std::min(settings_.pretrain.pictures, pack_.size());
    request.augment = false;
    request.workers = 0;
    data::Loader loader(request);
    loader.begin(0);
    Bag batch;
    loader.next(batch);
    progress_.epoch = progress_.epochs - 1;
    Step step(resources_, progress_, -1, batch);
    step.calling(parts_.recipe.masking);
    step.set_plan(parts_.masking->plan(step));
    const Bag outputs = step.forward(student_.view(), step.plan(), "prediction");
    const bool guided = segmentor_ != nullptr || parts_.guidance->needs(settings_.guidance.source).frozen.empty();
    draw_plan(file, {&parts_.recipe, step.batch(), guided ? step.guidance() : step.batch().at(filter_map()),
                     step.plan(), outputs.contains("prediction") ? outputs.at("prediction") : at::Tensor()});
  }

  PretrainParts parts_;
  const Settings& settings_;
  RunPlace place_;
  Reporter& reporter_;
  c10::Device device_;
  data::Pack pack_;
  NetworkSet student_;
  std::optional<NetworkSet> teacher_;
  std::shared_ptr<model::UnextS> segmentor_;
  std::optional<AdamW> optimizer_;
  data::Loader loader_;
  EpochMeans means_;
  at::Tensor wrong_plans_;
  StepResources resources_;
  Progress progress_;
  std::int64_t first_batch_ = 0, images_ = 0;
  double last_rate_ = 0, seconds_ = 0;
  Clock progress_clock_, checkpoint_clock_;
};

}  // namespace

void pretrain(const config::Node& cell, PluginHost& host, const RunPlace& place, Reporter& reporter) {
  const config::Node* weights = cell.find("segmentor.weights");
  const auto* file = weights == nullptr ? nullptr : std::get_if<std::string>(&weights->value);
  const bool has_weights = file != nullptr && !file->empty();
  std::vector<config::Diagnostic> faults;
  PretrainParts parts = fit_parts(cell, host, !place.weights.empty() || has_weights, faults);
  if (!faults.empty()) throw config::ConfigError(std::move(faults));
  Pretraining(std::move(parts), place, reporter).run();
}

}  // namespace vaso::train
