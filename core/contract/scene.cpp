#include "contract/scene.hpp"

#include "model/mae_decoder.hpp"
#include "train/device.hpp"
#include "train/encoder.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace vaso::contract {
namespace {

constexpr std::int64_t samples = 10;  // of the data set; twice the largest batch

class SmallMae final : public Objective {
 public:
  explicit SmallMae(const RunShape& run) {
    shape_.encoder_dim = run.encoder_dim;
    shape_.grid = run.grid();
    shape_.patch_values = run.patch_values();
    shape_.dim = 64;
    shape_.depth = 1;
    shape_.heads = 4;
  }
  std::shared_ptr<torch::nn::Module> network() override { return std::make_shared<model::MaeDecoder>(shape_); }
  std::map<std::string, std::int64_t> outputs() const override {
    return {{"latent", shape_.encoder_dim}, {"decoder_input", shape_.dim}, {"prediction", shape_.patch_values}};
  }
  Bag forward(Networks& networks, const Bag& batch, const MaskPlan& plan, std::string_view until) override {
    return model::reconstruct(*networks.encoder, dynamic_cast<model::MaeDecoder&>(*networks.objective),
                              batch.at("image"), plan, until);
  }

 private:
  model::DecoderShape shape_;
};

class ByTurns final : public MaskingStrategy {
 public:
  explicit ByTurns(std::vector<std::int8_t> states) : states_(std::move(states)) {}
  MaskPlan plan(StepContext& step) override {
    const at::Tensor image = step.batch().at("image");
    const auto turns = static_cast<std::int64_t>(states_.size());
    const at::Tensor turn = at::arange(step.shape().tokens(), at::kLong).remainder(turns);
    const at::Tensor row = at::tensor(at::ArrayRef<std::int8_t>(states_), at::kChar).index_select(0, turn);
    return {row.expand({image.size(0), -1}).contiguous().to(image.device()), {}};
  }

 private:
  std::vector<std::int8_t> states_;
};

// A dark diagonal band, as a vessel would be: 1 on it.
at::Tensor band(std::int64_t side) {
  const at::Tensor at_pixel = at::arange(side, at::kFloat);
  return (at_pixel.unsqueeze(0) - at_pixel.unsqueeze(1)).abs().lt(3).to(at::kFloat);
}

at::Tensor guidance_of(const Scene& scene, const at::Tensor& vessel) {
  const std::int64_t side = scene.shape.image_size, patch = scene.shape.patch_size;
  const at::Tensor map = at::zeros({scene.images, 1, side, side});
  if (scene.guidance == Scene::Guidance::full) return map.fill_(1.0);
  if (scene.guidance == Scene::Guidance::empty) return map;
  for (std::int64_t i = 0; i < scene.images; ++i) {
    if (i % 3 == 1) map[i].slice(1, 0, patch).slice(2, 0, patch).fill_(1.0);
    if (i % 3 == 2) map[i].copy_(0.8 * vessel.unsqueeze(0));
  }
  return map;
}

}  // namespace

std::string Scene::text() const {
  const char* kinds[] = {"", ", empty guidance", ", full guidance"};
  return fmt::format("{} image{} of {}×{} patches{}", images, images == 1 ? "" : "s", shape.grid(), shape.grid(),
                     kinds[static_cast<int>(guidance)]);
}

RunShape small_shape() {
  RunShape shape;
  shape.image_size = 64;
  shape.patch_size = 8;
  shape.encoder_dim = 48;
  shape.encoder_depth = 2;
  shape.encoder_heads = 4;
  shape.samples = samples;
  shape.epochs = 100;
  return shape;
}

model::VitShape encoder_shape(const RunShape& run) { return train::vit_shape(experiment::Model(), run); }

RunShape odd_shape(std::int64_t grid) {
  RunShape shape = small_shape();
  shape.patch_size = 32;  // the segmentor halves an image five times
  shape.image_size = grid * shape.patch_size;
  return shape;
}

std::vector<Scene> scenes() {
  using Guidance = Scene::Guidance;
  const RunShape shape = small_shape();
  return {{shape, 3, Guidance::varied},        {shape, 3, Guidance::empty},        {shape, 2, Guidance::full},
          {shape, 1, Guidance::varied},        {shape, 1, Guidance::empty},        {shape, 2, Guidance::varied},
          {odd_shape(3), 3, Guidance::varied}, {odd_shape(5), 2, Guidance::varied}};
}

std::shared_ptr<Objective> small_mae(const RunShape& shape) { return std::make_shared<SmallMae>(shape); }

std::shared_ptr<MaskingStrategy> by_turns(std::vector<std::int8_t> states) {
  return std::make_shared<ByTurns>(std::move(states));
}

at::Tensor noise(at::IntArrayRef sizes, std::uint64_t seed) {
  return at::empty(sizes).normal_(0.0, 1.0, train::make_generator(c10::kCPU, seed));
}

Progress at_epoch(std::int64_t epoch, const RunShape& shape) {
  Progress progress;
  progress.epoch = epoch;
  progress.epochs = shape.epochs;
  progress.steps_per_epoch = 2;
  progress.step = epoch * progress.steps_per_epoch;
  return progress;
}

FakeRun::FakeRun(const Scene& run_scene, Objective& run_objective, MaskingStrategy& masking)
    : scene(run_scene),
      objective(run_objective),
      student(encoder_shape(scene.shape), objective, masking),
      masking_(masking) {
  student.initialise(1);
  model::initialise(segmentor, 3);
  segmentor.eval();
  for (at::Tensor& parameter : segmentor.parameters()) parameter.requires_grad_(false);

  const std::int64_t side = scene.shape.image_size, images = scene.images;
  const at::Tensor vessel = band(side);
  const bool blank = scene.guidance == Scene::Guidance::empty;
  batch["image"] = blank ? at::full({images, 3, side, side}, 0.25) : 0.5 * noise({images, 3, side, side}, 4) - vessel;
  batch["index"] = at::arange(images, at::kLong);
  batch["filter"] = (blank ? at::zeros_like(vessel) : vessel).expand({images, 1, side, side}).contiguous();
  batch["vessel"] = batch["filter"].clone();
  at::Tensor crop = at::empty({images, 5});  // top, left, height, width, flipped
  for (std::int64_t i = 0; i < images; ++i) {
    const double offset = 0.08 * static_cast<double>(i);
    const double values[] = {offset, 0.5 * offset, 0.6, 0.7, static_cast<double>(i % 2)};
    for (std::int64_t k = 0; k < 5; ++k) crop[i][k].fill_(values[k]);
  }
  batch["crop"] = crop;
  guidance = guidance_of(scene, vessel);
}

std::vector<torch::nn::Module*> FakeRun::modules() {
  std::vector<torch::nn::Module*> all = {&segmentor};
  for (train::NetworkSet* set : {&student, teacher_.get()}) {
    if (set == nullptr) continue;
    const Networks& networks = set->view();
    for (torch::nn::Module* module :
         {dynamic_cast<torch::nn::Module*>(networks.encoder), networks.objective, networks.masking})
      if (module != nullptr) all.push_back(module);
  }
  return all;
}

train::NetworkSet& FakeRun::teacher() {
  if (teacher_ == nullptr) {
    teacher_ = std::make_unique<train::NetworkSet>(encoder_shape(scene.shape), objective, masking_);
    teacher_->initialise(2);
    for (torch::nn::Module* module : modules()) module->to(device, type_);
  }
  return *teacher_;
}

void FakeRun::to(c10::Device target) {
  device = target;
  for (torch::nn::Module* module : modules()) module->to(target);
  for (auto& [name, tensor] : batch) tensor = tensor.to(target);
  guidance = guidance.to(target);
}

void FakeRun::to_double() {
  type_ = at::kDouble;
  for (torch::nn::Module* module : modules()) module->to(at::kDouble);
  for (auto& [name, tensor] : batch)
    if (tensor.is_floating_point()) tensor = tensor.to(at::kDouble);
  guidance = guidance.to(at::kDouble);
}

FakeStep::FakeStep(FakeRun& run, const Needs& needs, const Progress& progress, std::uint64_t seed)
    : run_(run), needs_(needs), progress_(progress), seed_(seed) {}

at::Generator FakeStep::generator() { return handed_out_.emplace_back(train::make_generator(run_.device, seed_)); }

bool FakeStep::drew() const {
  const at::Tensor untouched = train::make_generator(run_.device, seed_).get_state();
  for (const at::Generator& each : handed_out_)
    if (!each.get_state().equal(untouched)) return true;
  return false;
}

at::Tensor FakeStep::guidance() {
  if (!needs_.guidance) throw std::logic_error("it uses the guidance, which its needs() do not name");
  return run_.guidance;
}

Networks& FakeStep::teacher() {
  if (!needs_.teacher) throw std::logic_error("it uses the teacher, which its needs() do not name");
  return run_.teacher().view();
}

FrozenNetwork& FakeStep::frozen(std::string_view name) {
  for (const std::string& needed : needs_.frozen)
    if (needed == name && name == "segmentor") return run_.segmentor;
  throw std::logic_error(fmt::format("it uses the frozen network `{}`, which its needs() do not name", name));
}

Bag FakeStep::forward(Networks& networks, const MaskPlan& plan, std::string_view until) {
  return run_.objective.forward(networks, run_.batch, plan, until);
}

const MaskPlan& FakeStep::plan() const {
  if (!plan_.state.defined()) throw std::logic_error("it asks for the plan before there is one");
  return plan_;
}

at::Tensor FakeStep::once(const std::string& key, const std::function<at::Tensor()>& compute) {
  const auto found = memory_.find(key);
  if (found != memory_.end()) return found->second;
  const c10::NoGradGuard no_gradient;
  return memory_[key] = compute();
}

void FakeStep::log(std::string_view series, double value) {
  if (!std::isfinite(value)) throw std::logic_error(fmt::format("it logs {} as `{}`", value, series));
}

void FakeSweep::for_each_batch(const std::function<void(const Bag&)>& visit) {
  const c10::NoGradGuard no_gradient;
  const at::Tensor image = run_.batch.at("image"), index = run_.batch.at("index");
  for (std::int64_t first = 0; first < run_.scene.shape.samples; first += image.size(0)) {
    const std::int64_t count = std::min(image.size(0), run_.scene.shape.samples - first);
    visit({{"image", image.roll(first + 1, 3).narrow(0, 0, count)}, {"index", index.narrow(0, 0, count) + first}});
  }
}

}  // namespace vaso::contract
