// A pre-training step made of small real networks and synthetic images, for components that are examined alone.
#pragma once

#include "model/unext.hpp"
#include "train/networks.hpp"

#include "sdk/masking.hpp"
#include "sdk/objective.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace vaso::contract {

inline constexpr std::int64_t batch_size = 4;

// 64×64 images of 8×8 patches, a ViT of two blocks.
RunShape small_shape();

// MAE with a decoder of one block: outputs "latent", "decoder_input", "prediction".
std::shared_ptr<Objective> small_mae(const RunShape& shape);

// Networks and images. Everything is drawn from generators of its own; the same for every instance.
class FakeRun {
 public:
  FakeRun(const RunShape& shape, Objective& objective, MaskingStrategy& masking);

  const RunShape shape;
  Objective& objective;
  train::NetworkSet student, teacher;
  model::UnextS segmentor;
  Bag batch;            // "image", "index", "crop", "filter"
  at::Tensor guidance;  // B×1×H×W: nothing in the first image, one patch in the second, a band in the others

  void to_double();  // networks and batch, for numeric gradients
};

// Gives a component what its needs() name and throws std::logic_error where it asks for more.
class FakeStep final : public StepContext {
 public:
  FakeStep(FakeRun& run, const Needs& needs, const Progress& progress, std::uint64_t seed);
  void set_plan(MaskPlan plan) { plan_ = std::move(plan); }
  void set_outputs(Bag outputs) { outputs_ = std::move(outputs); }

  const RunShape& shape() const override { return run_.shape; }
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
