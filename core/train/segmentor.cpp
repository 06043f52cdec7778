#include "train/segmentor.hpp"

#include "data/loader.hpp"
#include "model/weights.hpp"
#include "train/checkpoint.hpp"
#include "train/clock.hpp"
#include "train/device.hpp"
#include "train/epoch_means.hpp"
#include "train/optimizer.hpp"
#include "train/picture.hpp"
#include "train/safetensors.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vaso::train {
namespace {

class SegmentorTraining {
 public:
  SegmentorTraining(SegmentorParts parts, const RunPlace& place, Reporter& reporter)
      : parts_(std::move(parts)),
        settings_(parts_.recipe.settings),
        place_(place),
        reporter_(reporter),
        device_(choose_device(settings_.general.device)),
        pack_(open_pack(parts_.recipe, parts_.images, *parts_.guidance, place.cache, reporter)),
        map_(GuidanceGraph::map_name(settings_.guidance.filter)),
        optimizer_(network_parameters(), adam()) {}

  void run() {
    if (place_.resume) resume();
    reporter_.stage(fmt::format("training the segmentor on masks of guidance.{}", settings_.guidance.filter));
    data::Loader loader(loader_request(true));
    while (epoch_ < settings_.segmentor.epochs) {
      train_epoch(loader);
      end_epoch(loader);
    }
    finish();
  }

 private:
  std::filesystem::path checkpoint_file() const { return place_.folder / "checkpoint.safetensors"; }

  static AdamW::Options adam() {
    AdamW::Options options;
    options.beta2 = 0.999;
    options.weight_decay = 0;
    options.decoupled = false;
    return options;
  }

  // Initialises the network on the way: the optimizer's moments take their shapes and device from it.
  std::vector<NamedParameter> network_parameters() {
    model::initialise(network_, static_cast<std::uint64_t>(settings_.general.seed));
    network_.to(device_);
    std::vector<NamedParameter> parameters;
    for (const auto& item : network_.named_parameters()) parameters.push_back({item.key(), item.value(), 1.0, false});
    return parameters;
  }

  data::LoaderRequest loader_request(bool augment) const {
    ViewSpec view;
    view.size = settings_.segmentor.image_size;
    view.least_area = settings_.views.area[0];
    view.most_area = settings_.views.area[1];
    view.least_aspect = settings_.views.aspect[0];
    view.most_aspect = settings_.views.aspect[1];
    view.flip = settings_.views.flip;
    data::LoaderRequest request;
    request.pack = &pack_;
    request.views = {view};
    request.maps = {map_};
    request.mean = settings_.views.mean;
    request.deviation = settings_.views.deviation;
    request.batch_size = augment ? settings_.segmentor.batch_size : std::min<std::int64_t>(8, pack_.size());
    request.augment = augment;
    request.seed = static_cast<std::uint64_t>(settings_.general.seed);
    request.workers = augment ? static_cast<int>(settings_.data.workers) : 0;
    request.device = device_;
    return request;
  }

  double learning_rate() const {
    const double done = static_cast<double>(epoch_) / static_cast<double>(settings_.segmentor.epochs);
    return settings_.segmentor.learning_rate * std::pow(1 - done, settings_.segmentor.power);
  }

  void train_epoch(data::Loader& loader) {
    network_.train();
    loader.begin(epoch_, first_batch_);
    const std::int64_t batches = parts_.batches_per_epoch();
    const Clock clock;
    images_ = 0;
    Bag batch;
    for (std::int64_t index = first_batch_; index < batches && loader.next(batch); ++index) {
      const at::Tensor image = batch.at("image").to(device_), mask = batch.at(map_).to(device_);
      at::Tensor logits;
      {
        const Precision precision(settings_.general.precision, device_);
        logits = network_.forward(image);
      }
      const SegmentationLoss loss = segmentation_loss(logits.to(at::kFloat), mask);
      const auto value = loss.total.item<double>();
      if (!std::isfinite(value)) {
        throw std::runtime_error(fmt::format(
            "the segmentor's loss is no finite number in epoch {}; lower segmentor.learning_rate", epoch_ + 1));
      }
      means_.add("loss", value);
      means_.add("bce", loss.bce.item<double>());
      means_.add("dice", loss.dice.item<double>());
      optimizer_.zero_grad();
      loss.total.backward();
      optimizer_.step(learning_rate());
      ++step_;
      images_ += image.size(0);
      if (progress_clock_.every(0.3)) {
        reporter_.progress(step_, settings_.segmentor.epochs * batches,
                           fmt::format("epoch {}/{}  loss {:.4f}  Dice {:.3f}  {:.0f} images/s", epoch_ + 1,
                                       settings_.segmentor.epochs, means_.mean("loss"), means_.mean("dice"),
                                       static_cast<double>(images_) / clock.seconds()));
      }
      if (index + 1 < batches) pause_or_go_on(index + 1);
    }
    seconds_ = clock.seconds();
  }

  void pause_or_go_on(std::int64_t next_batch) {
    const bool stop = reporter_.stop_requested();
    if (!stop && !checkpoint_clock_.every(60.0 * static_cast<double>(settings_.pretrain.checkpoint_minutes))) return;
    save_checkpoint(epoch_, next_batch);
    if (stop) throw Interrupted(fmt::format("stopped in epoch {} of {}", epoch_ + 1, settings_.segmentor.epochs));
  }

  void end_epoch(const data::Loader& loader) {
    std::map<std::string, double> values = means_.means();
    values["learning_rate"] = learning_rate();
    values["images_per_second"] = static_cast<double>(images_) / std::max(seconds_, 1e-9);
    values["waiting_share"] = loader.waiting_share();
    reporter_.log(epoch_, values);
    means_.clear();
    ++epoch_;
    first_batch_ = 0;
    save_checkpoint(epoch_, 0);
    if (reporter_.stop_requested() && epoch_ < settings_.segmentor.epochs) {
      throw Interrupted(fmt::format("stopped after epoch {} of {}", epoch_, settings_.segmentor.epochs));
    }
  }

  void save_checkpoint(std::int64_t epoch, std::int64_t batch) {
    Checkpoint checkpoint{epoch, batch, step_, model::weights(network_), {}};
    checkpoint.parts["optimizer"] = optimizer_.state();
    checkpoint.parts["epoch"] = means_.state();
    save(checkpoint, checkpoint_file(), "segmentor");
    checkpoint_clock_.restart();
  }

  void resume() {
    if (!std::filesystem::exists(checkpoint_file())) {
      reporter_.note("no checkpoint was written before the run stopped: it starts from the beginning");
      return;
    }
    Checkpoint checkpoint = load(checkpoint_file(), "segmentor");
    model::load_weights(network_, checkpoint.student);
    optimizer_.set_state(checkpoint.parts["optimizer"]);
    means_.set_state(checkpoint.parts["epoch"]);
    epoch_ = checkpoint.epoch;
    step_ = checkpoint.step;
    first_batch_ = checkpoint.batch;
    reporter_.forget_from(epoch_);
    reporter_.note(fmt::format("going on with epoch {} of {}, batch {}", epoch_ + 1, settings_.segmentor.epochs,
                               first_batch_ + 1));
  }

  void finish() {
    const std::filesystem::path weights = place_.folder / "segmentor.safetensors";
    write_safetensors(weights, {model::weights(network_), {{"format", "vasolab-segmentor-1"}, {"network", "unext_s"}}});
    reporter_.artefact("segmentor", weights);
    const c10::NoGradGuard no_gradient;
    network_.eval();
    data::Loader loader(loader_request(false));
    loader.begin(0);
    Bag batch;
    loader.next(batch);
    const at::Tensor probability = network_.forward(batch.at("image").to(device_)).sigmoid();
    const std::filesystem::path picture = place_.folder / "segmentation.png";
    draw_segmentation(picture, parts_.recipe, batch.at("image"), batch.at(map_), probability);
    reporter_.artefact("picture", picture);
  }

  SegmentorParts parts_;
  const Settings& settings_;
  RunPlace place_;
  Reporter& reporter_;
  c10::Device device_;
  data::Pack pack_;
  std::string map_;
  model::UnextS network_;
  AdamW optimizer_;
  EpochMeans means_;
  std::int64_t epoch_ = 0, first_batch_ = 0, step_ = 0, images_ = 0;
  double seconds_ = 0;
  Clock progress_clock_, checkpoint_clock_;
};

}  // namespace

std::int64_t SegmentorParts::batches_per_epoch() const {
  return std::max<std::int64_t>(1, images.count / recipe.settings.segmentor.batch_size);
}

SegmentorParts fit_segmentor(const config::Node& cell, PluginHost& host, std::vector<config::Diagnostic>& faults) {
  const std::size_t faults_before = faults.size();
  SegmentorParts parts;
  parts.recipe = read_recipe(cell, "segmentor", host, faults);
  if (faults.size() != faults_before) return parts;
  try {
    parts.images = open_images(parts.recipe);
    parts.recipe.shape.samples = parts.images.count;
    parts.guidance.emplace(parts.recipe);
    const std::string& filter = parts.recipe.settings.guidance.filter;
    if (parts.guidance->source(filter).stage() != GuidanceSource::Stage::image) {
      faults.push_back({fmt::format("guidance.{} cannot teach the segmentor", filter),
                        parts.recipe.guidance.at(filter).origin, "its map is made by a network during training",
                        "use frangi, sato or stored"});
    }
  } catch (const config::ConfigError& error) {
    faults.insert(faults.end(), error.diagnostics().begin(), error.diagnostics().end());
  }
  return parts;
}

SegmentationLoss segmentation_loss(const at::Tensor& logits, const at::Tensor& mask) {
  constexpr double smooth = 1e-5;
  SegmentationLoss loss;
  loss.bce = at::binary_cross_entropy_with_logits(logits, mask);
  const at::Tensor probability = logits.sigmoid();
  loss.dice = (2 * (probability * mask).sum() + smooth) / (probability.sum() + mask.sum() + smooth);
  loss.total = 0.5 * loss.bce + 0.5 * (1 - loss.dice);
  return loss;
}

void train_segmentor(const config::Node& cell, PluginHost& host, const RunPlace& place, Reporter& reporter) {
  std::vector<config::Diagnostic> faults;
  SegmentorParts parts = fit_segmentor(cell, host, faults);
  if (!faults.empty()) throw config::ConfigError(std::move(faults));
  SegmentorTraining(std::move(parts), place, reporter).run();
}

}  // namespace vaso::train
