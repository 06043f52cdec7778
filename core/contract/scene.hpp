// A pre-training step made of small real networks and synthetic images, for components that are examined alone.
#pragma once

#include "model/unext.hpp"
#include "train/networks.hpp"

#include "sdk/masking.hpp"
#include "sdk/objective.hpp"

#include <c10/core/Device.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vaso::contract {

// What a component may meet.
struct Scene {
  enum class Guidance {
    varied,  // nothing in every third image, one patch in the next, a band in the one after
    empty,   // nothing, in images of one grey
    full,    // everywhere
  };
  RunShape shape;
  std::int64_t images = 3;
  Guidance guidance = Guidance::varied;

  std::string text() const;  // "3 images of 8×8 patches, empty guidance"
};

// MAE's encoder, of the size of the run.
model::VitShape encoder_shape(const RunShape& run);

// 64×64 images of 8×8 patches, a ViT of two blocks, 100 epochs.
RunShape small_shape();
// With an odd number of patches a side.
RunShape odd_shape(std::int64_t grid);

// Batches of one, of even and of odd size; grids of even and of odd size; guidance of every kind.
std::vector<Scene> scenes();

// MAE with a decoder of one block: outputs "latent", "decoder_input", "prediction".
std::shared_ptr<Objective> small_mae(const RunShape& shape);
// A term or objective is examined without a strategy: tokens take these states by turns.
std::shared_ptr<MaskingStrategy> by_turns(std::vector<std::int8_t> states);

at::Tensor noise(at::IntArrayRef sizes, std::uint64_t seed);  // normal; from a generator of its own

Progress at_epoch(std::int64_t epoch, const RunShape& shape);

// Networks and images, the same for every run of an equal scene. Everything is drawn from generators of its own.
class FakeRun {
 public:
  FakeRun(const Scene& scene, Objective& objective, MaskingStrategy& masking);

  const Scene scene;
  Objective& objective;
  train::NetworkSet student;
  model::UnextS segmentor;
  Bag batch;            // "image", "index", "crop", "filter", "vessel"
  at::Tensor guidance;  // B×1×H×W
  c10::Device device = c10::kCPU;

  // Made when first asked for: as large as the student, and most components have no use for it.
  train::NetworkSet& teacher();

  void to(c10::Device target);
  void to_double();  // networks and batch, for numeric gradients

 private:
  std::vector<torch::nn::Module*> modules();

  MaskingStrategy& masking_;
  std::unique_ptr<train::NetworkSet> teacher_;
  at::ScalarType type_ = at::kFloat;
};

// Gives a component what its needs() name and throws std::logic_error where it asks for more.
class FakeStep final : public StepContext {
 public:
  FakeStep(FakeRun& run, const Needs& needs, const Progress& progress, std::uint64_t seed);
  void set_plan(MaskPlan plan) { plan_ = std::move(plan); }
  void set_outputs(Bag outputs) { outputs_ = std::move(outputs); }
  // True once a number was drawn from one of the generators handed out.
  bool drew() const;

  const RunShape& shape() const override { return run_.scene.shape; }
  const Progress& progress() const override { return progress_; }
  const Bag& batch() const override { return run_.batch; }
  at::Generator generator() override;
  at::Tensor guidance() override;
  Networks& student() override { return run_.student.view(); }
  Networks& teacher() override;
  FrozenNetwork& frozen(std::string_view name) override;
  Bag forward(Networks& networks, const MaskPlan& plan, std::string_view until) override;
  const MaskPlan& plan() const override;
  const Bag& outputs() const override { return outputs_; }
  at::Tensor once(const std::string& key, const std::function<at::Tensor()>& compute) override;
  void log(std::string_view series, double value) override;

 private:
  FakeRun& run_;
  Needs needs_;
  Progress progress_;
  std::uint64_t seed_;
  MaskPlan plan_;
  Bag outputs_, memory_;
  std::vector<at::Generator> handed_out_;
};

// Visits the images of the run's batch, and then as many more, as positions 0 … samples−1 of the data set.
class FakeSweep final : public Sweep {
 public:
  FakeSweep(FakeRun& run, const Progress& progress) : run_(run), progress_(progress) {}
  const Progress& progress() const override { return progress_; }
  Networks& student() override { return run_.student.view(); }
  void for_each_batch(const std::function<void(const Bag&)>& visit) override;

 private:
  FakeRun& run_;
  Progress progress_;
};

}  // namespace vaso::contract
