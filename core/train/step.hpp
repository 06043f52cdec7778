// The host's side of a pre-training step: what components see through StepContext.
#pragma once

#include "train/epoch_means.hpp"
#include "train/guidance_graph.hpp"
#include "train/networks.hpp"

#include <string>

namespace vaso::train {

// What stays the same over all steps of a run.
struct StepResources {
  const Recipe* recipe = nullptr;
  const RunShape* shape = nullptr;
  const GuidanceGraph* guidance = nullptr;
  Objective* objective = nullptr;
  NetworkSet* student = nullptr;
  NetworkSet* teacher = nullptr;       // null where nobody needs one
  FrozenNetwork* segmentor = nullptr;  // null where there is none
  EpochMeans* means = nullptr;
  c10::Device device = c10::kCPU;
  // Receives, on a GPU, whether any plan so far was not what it said: for whoever has to wait anyway. Null: nobody
  // asks, and each plan is looked at as it comes.
  at::Tensor* wrong_plans = nullptr;
};

class Step final : public StepContext {
 public:
  // `slice` counts forward passes since the run began: with accumulation, several share an optimizer step.
  Step(const StepResources& resources, const Progress& progress, std::int64_t slice, Bag batch);

  // Whose call comes next: its generator is handed out, and it is named in errors.
  void calling(const Choice& component) { caller_ = component.name(); }
  const std::string& caller() const { return caller_; }
  void set_plan(MaskPlan plan);  // throws std::runtime_error naming the strategy where the plan is malformed
  void set_outputs(Bag outputs) { outputs_ = std::move(outputs); }

  const RunShape& shape() const override { return *resources_.shape; }
  const Progress& progress() const override { return progress_; }
  const Bag& batch() const override { return batch_; }
  at::Generator generator() override;
  at::Tensor guidance() override;
  Networks& student() override { return resources_.student->view(); }
  Networks& teacher() override;
  FrozenNetwork& frozen(std::string_view name) override;
  Bag forward(Networks& networks, const MaskPlan& plan, std::string_view until) override;
  const MaskPlan& plan() const override { return plan_; }
  const Bag& outputs() const override { return outputs_; }
  at::Tensor once(const std::string& key, const std::function<at::Tensor()>& compute) override;
  void log(std::string_view series, double value) override { resources_.means->add(series, value); }

 private:
  const StepResources& resources_;
  Progress progress_;
  std::int64_t slice_;
  Bag batch_, outputs_;
  MaskPlan plan_;
  Bag memory_;  // of once()
  std::string caller_;
};

}  // namespace vaso::train
