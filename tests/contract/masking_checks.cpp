#include "checks.hpp"
#include "fake_step.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <variant>

namespace vaso::contract {
namespace {

Progress at_epoch(std::int64_t epoch, const RunShape& shape) {
  Progress progress;
  progress.epoch = epoch;
  progress.epochs = shape.epochs;
  progress.steps_per_epoch = shape.samples / batch_size;
  progress.step = epoch * progress.steps_per_epoch;
  return progress;
}

// One strategy with the run around it.
class Trial {
 public:
  explicit Trial(const Subject& subject)
      : subject_(subject),
        strategy(subject.make<MaskingStrategy>()),
        objective(small_mae(subject.shape)),
        run(subject.shape, *objective, *strategy) {}

  MaskPlan plan(const Progress& progress, std::uint64_t seed) {
    const c10::NoGradGuard no_gradient;
    FakeStep step(run, strategy->needs(), progress, seed);
    return strategy->plan(step);
  }

 private:
  const Subject& subject_;

 public:
  std::shared_ptr<MaskingStrategy> strategy;
  std::shared_ptr<Objective> objective;
  FakeRun run;
};

// Where a strategy has ratios among its parameters, the share of masked patches is one of them.
void check_ratio(const Subject& subject, std::int64_t masked, Report& report) {
  const Parameters parameters = subject.parameters();
  std::vector<double> ratios;
  for (const Field& field : parameters.schema.fields())
    if (auto* const* slot = std::get_if<double*>(&field.slot); slot && field.name.find("ratio") != std::string::npos)
      ratios.push_back(**slot);
  if (ratios.empty()) {
    report.skip("no parameter is a ratio");
    return;
  }
  const auto tokens = static_cast<double>(subject.shape.tokens());
  report.check(std::any_of(ratios.begin(), ratios.end(),
                           [&](double ratio) { return std::abs(tokens * ratio - static_cast<double>(masked)) <= 1; }),
               fmt::format("the ratio is honoured ({} of {} masked)", masked, subject.shape.tokens()));
}

void check_plan(const Subject& subject, const MaskPlan& plan, Report& report) {
  const std::int64_t tokens = subject.shape.tokens();
  const bool shaped = plan.state.defined() && plan.state.sizes() == at::IntArrayRef({batch_size, tokens});
  report.check(shaped, "a plan is images × patches");
  if (!shaped) return;
  report.check(plan.state.scalar_type() == at::kChar, "a plan holds int8");
  std::int64_t accounted = 0, masked = 0;
  for (const std::int8_t state : {MaskPlan::keep, MaskPlan::mask, MaskPlan::drop}) {
    const at::Tensor counts = plan.state.eq(state).sum(1);
    report.check(counts.eq(counts[0]).all().item<bool>(),
                 fmt::format("every image has as many patches in state {} as the others", state));
    accounted += counts.sum().item<std::int64_t>();
    if (state == MaskPlan::mask) masked = counts[0].item<std::int64_t>();
    if (state == MaskPlan::keep) report.check(counts[0].item<std::int64_t>() > 0, "the encoder is left something");
  }
  report.check(accounted == batch_size * tokens, "states are keep, mask and drop");
  report.check(masked > 0, "something is masked");
  check_ratio(subject, masked, report);
  if (plan.guided.defined()) {
    report.check(plan.guided.scalar_type() == at::kLong && plan.guided.sizes() == at::IntArrayRef({batch_size}),
                 "`guided` is one int64 per image");
    report.check(plan.guided.ge(0).logical_and(plan.guided.le(masked)).all().item<bool>(),
                 "`guided` counts masked patches");
  }
}

void check_plans(Trial& trial, const Subject& subject, const Progress& progress, Report& report) {
  report.doing(fmt::format("plan() in epoch {} of {}", progress.epoch, progress.epochs));
  const MaskPlan plan = trial.plan(progress, 11);
  check_plan(subject, plan, report);
  report.check(same(plan.state, trial.plan(progress, 11).state), "one seed gives one plan");
  report.check(!same(plan.state, trial.plan(progress, 12).state), "another seed gives another plan");
  const double momentum = trial.strategy->teacher_momentum(progress);
  report.check(momentum >= 0 && momentum <= 1, "the teacher's momentum is in [0,1]");
}

// The loss that the strategy's own network learns from.
void check_own_loss(Trial& trial, const Progress& progress, Report& report) {
  report.doing("loss()");
  FakeStep step(trial.run, trial.strategy->needs(), progress, 13);
  step.set_plan(trial.plan(progress, 13));
  step.set_outputs(trial.run.objective.forward(trial.run.student.view(), trial.run.batch, step.plan(), {}));
  const at::Tensor loss = trial.strategy->loss(step);
  torch::nn::Module* network = trial.run.student.view().masking;
  report.check(network == nullptr || loss.defined(), "a strategy with a network says what it learns from");
  if (!loss.defined()) return;
  report.check(loss.dim() == 0 && std::isfinite(loss.item<double>()), "the loss is a finite scalar");
  report.check(loss.requires_grad(), "the loss has a gradient");
  if (!loss.requires_grad() || network == nullptr) return;
  loss.backward();
  bool finite = true, learns = false;
  for (const at::Tensor& parameter : network->parameters()) {
    if (!parameter.grad().defined()) continue;
    finite = finite && parameter.grad().isfinite().all().item<bool>();
    learns = learns || parameter.grad().ne(0).any().item<bool>();
  }
  report.check(finite, "gradients of the strategy's network are finite");
  report.check(learns, "the strategy's network learns");
}

// After a sweep, and after being restored from the state that the sweep left behind.
void check_sweep(Trial& trial, const Subject& subject, Report& report) {
  for (std::int64_t epoch = 0; epoch + 1 < subject.shape.epochs; ++epoch) {
    const Progress now = at_epoch(epoch, subject.shape);
    if (!trial.strategy->wants_sweep(now)) continue;
    report.doing("epoch_end()");
    FakeSweep sweep(trial.run, now);
    trial.strategy->epoch_end(sweep);
    const Progress next = at_epoch(epoch + 1, subject.shape);
    check_plans(trial, subject, next, report);
    Trial restored(subject);
    check_state(*trial.strategy, *restored.strategy, report);
    report.check(same(trial.plan(next, 14).state, restored.plan(next, 14).state),
                 "a strategy restored from its state makes the same plans");
    return;
  }
}

}  // namespace

void check_masking(const Subject& subject, Report& report) {
  report.doing("the run around it");
  Trial trial(subject);
  const auto offered = trial.objective->outputs();
  for (const std::string& output : trial.strategy->needs().outputs) {
    if (offered.count(output) != 0) continue;
    report.skip(fmt::format("needs the output `{}` of an objective that is not at hand", output));
    return;
  }
  for (const std::int64_t epoch : {std::int64_t{0}, subject.shape.epochs / 2, subject.shape.epochs - 1})
    check_plans(trial, subject, at_epoch(epoch, subject.shape), report);
  check_own_loss(trial, at_epoch(1, subject.shape), report);
  check_sweep(trial, subject, report);
}

}  // namespace vaso::contract
