#include "fake_step.hpp"

#include "model/mae_decoder.hpp"
#include "train/device.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <stdexcept>

namespace vaso::contract {
namespace {

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

at::Tensor noise(at::IntArrayRef sizes, std::uint64_t seed) {
  return at::empty(sizes).normal_(0.0, 1.0, train::make_generator(c10::kCPU, seed));
}

// A dark diagonal band, as a vessel would be: 1 on it.
at::Tensor band(std::int64_t side) {
  const at::Tensor at_pixel = at::arange(side, at::kFloat);
  return (at_pixel.unsqueeze(0) - at_pixel.unsqueeze(1)).abs().lt(3).to(at::kFloat);
}

}  // namespace

RunShape small_shape() {
  RunShape shape;
  shape.image_size = 64;
  shape.patch_size = 8;
  shape.encoder_dim = 48;
  shape.encoder_depth = 2;
  shape.encoder_heads = 4;
  shape.samples = 2 * batch_size;
  shape.epochs = 100;
  return shape;
}

std::shared_ptr<Objective> small_mae(const RunShape& shape) { return std::make_shared<SmallMae>(shape); }

FakeRun::FakeRun(const RunShape& run_shape, Objective& run_objective, MaskingStrategy& masking)
    : shape(run_shape),
      objective(run_objective),
      student(shape, objective, masking),
      teacher(shape, objective, masking) {
  student.initialise(1);
  teacher.initialise(2);
  model::initialise(segmentor, 3);
  segmentor.eval();
  for (at::Tensor& parameter : segmentor.parameters()) parameter.requires_grad_(false);

  const std::int64_t side = shape.image_size;
  const at::Tensor vessel = band(side);
  batch["image"] = 0.5 * noise({batch_size, 3, side, side}, 4) - vessel;
  batch["index"] = at::arange(batch_size, at::kLong);
  batch["filter"] = vessel.expand({batch_size, 1, side, side}).contiguous();
  at::Tensor crop = at::empty({batch_size, 5});  // top, left, height, width, flipped
  for (std::int64_t i = 0; i < batch_size; ++i) {
    const double offset = 0.1 * static_cast<double>(i);
    const double values[] = {offset, 0.5 * offset, 0.6, 0.7, static_cast<double>(i % 2)};
    for (std::int64_t k = 0; k < 5; ++k) crop[i][k].fill_(values[k]);
  }
  batch["crop"] = crop;

  guidance = (0.8 * vessel).expand({batch_size, 1, side, side}).clone();
  guidance[0].zero_();
  guidance[1].zero_();
  guidance[1].slice(1, 0, shape.patch_size).slice(2, 0, shape.patch_size).fill_(1.0);
}

void FakeRun::to_double() {
  for (train::NetworkSet* set : {&student, &teacher}) {
    const Networks& networks = set->view();
    for (torch::nn::Module* module :
         {dynamic_cast<torch::nn::Module*>(networks.encoder), networks.objective, networks.masking})
      if (module != nullptr) module->to(at::kDouble);
  }
  segmentor.to(at::kDouble);
  for (auto& [name, tensor] : batch)
    if (tensor.is_floating_point()) tensor = tensor.to(at::kDouble);
  guidance = guidance.to(at::kDouble);
}

FakeStep::FakeStep(FakeRun& run, const Needs& needs, const Progress& progress, std::uint64_t seed)
    : run_(run), needs_(needs), progress_(progress), seed_(seed) {}

at::Generator FakeStep::generator() { return train::make_generator(c10::kCPU, seed_); }

at::Tensor FakeStep::guidance() {
  if (!needs_.guidance) throw std::logic_error("uses the guidance that its needs() do not name");
  return run_.guidance;
}

Networks& FakeStep::teacher() {
  if (!needs_.teacher) throw std::logic_error("uses the teacher that its needs() do not name");
  return run_.teacher.view();
}

FrozenNetwork& FakeStep::frozen(std::string_view name) {
  for (const std::string& needed : needs_.frozen)
    if (needed == name && name == "segmentor") return run_.segmentor;
  throw std::logic_error("uses the frozen network `" + std::string(name) + "` that its needs() do not name");
}

Bag FakeStep::forward(Networks& networks, const MaskPlan& plan, std::string_view until) {
  return run_.objective.forward(networks, run_.batch, plan, until);
}

const MaskPlan& FakeStep::plan() const {
  if (!plan_.state.defined()) throw std::logic_error("asks for the plan before it was made");
  return plan_;
}

at::Tensor FakeStep::once(const std::string& key, const std::function<at::Tensor()>& compute) {
  const auto found = memory_.find(key);
  if (found != memory_.end()) return found->second;
  const c10::NoGradGuard no_gradient;
  return memory_[key] = compute();
}

void FakeStep::log(std::string_view series, double value) {
  if (!std::isfinite(value)) throw std::logic_error("logs " + std::to_string(value) + " as " + std::string(series));
}

void FakeSweep::for_each_batch(const std::function<void(const Bag&)>& visit) {
  const c10::NoGradGuard no_gradient;
  for (std::int64_t first = 0; first < run_.shape.samples; first += batch_size)
    visit({{"image", run_.batch.at("image").roll(first, 3)}, {"index", run_.batch.at("index") + first}});
}

}  // namespace vaso::contract
