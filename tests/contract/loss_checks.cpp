#include "checks.hpp"
#include "fake_step.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vaso::contract {
namespace {

// Every second patch; a loss is examined without a strategy.
class EveryOther final : public MaskingStrategy {
 public:
  MaskPlan plan(StepContext& step) override {
    const at::Tensor row = at::arange(step.shape().tokens(), at::kLong).remainder(2).to(at::kChar);
    return {row.expand({batch_size, -1}).contiguous(), {}};
  }
};

struct Trial {
  explicit Trial(const Subject& subject)
      : objective(small_mae(subject.shape)), run(subject.shape, *objective, masking), term(subject.make<LossTerm>()) {}

  // The term's value for these outputs of the student, in a step of its own.
  at::Tensor value(const Bag& outputs) {
    FakeStep step(run, term->needs(), Progress{}, 21);
    step.set_plan(masking.plan(step));
    step.set_outputs(outputs);
    return term->value(step);
  }
  Bag forward() {
    FakeStep step(run, {}, Progress{}, 21);
    return objective->forward(run.student.view(), run.batch, masking.plan(step), {});
  }

  EveryOther masking;
  std::shared_ptr<Objective> objective;
  FakeRun run;
  std::shared_ptr<LossTerm> term;
};

void check_value(Trial& trial, Report& report) {
  report.doing("value()");
  const at::Tensor value = trial.value(trial.forward());
  report.check(value.defined() && value.dim() == 0, "the value is a scalar");
  report.check(std::isfinite(value.item<double>()), "the value is finite");
  report.check(value.requires_grad(), "the value has a gradient");
  report.check(same(value.detach(), trial.value(trial.forward()).detach()), "the same step gives the same value");
  if (!value.requires_grad()) return;
  value.backward();
  bool finite = true, learns = false;
  for (const auto& [name, parameter] : trial.run.student.parameters()) {
    if (!parameter.grad().defined()) continue;
    finite = finite && parameter.grad().isfinite().all().item<bool>();
    learns = learns || parameter.grad().ne(0).any().item<bool>();
  }
  report.check(finite, "the student's gradients are finite");
  report.check(learns, "the student learns");
  for (const at::Tensor& parameter : trial.run.segmentor.parameters())
    if (parameter.grad().defined()) {
      report.fail("a frozen network gets no gradient");
      break;
    }
}

// In float64, along a direction that is the gradient and some noise: (f(x+hv) − f(x−hv)) / 2h against ⟨∇f, v⟩.
void check_gradient(Trial& trial, Report& report) {
  report.doing("the gradient in float64");
  Bag outputs;
  for (const auto& [name, tensor] : trial.forward()) outputs[name] = tensor.detach().to(at::kDouble);
  trial.run.to_double();
  for (const std::string& name : trial.term->needs().outputs) {
    const at::Tensor place = outputs.at(name).clone().requires_grad_();
    const auto at_point = [&](const at::Tensor& point) {
      Bag moved = outputs;
      moved[name] = point;
      return trial.value(moved);
    };
    const at::Tensor value = at_point(place);
    if (value.scalar_type() != at::kDouble) {
      report.skip("computes in less than float64 whatever it is given: too coarse to differentiate numerically");
      return;
    }
    value.backward();
    const at::Tensor gradient = place.grad();
    report.check(gradient.defined() && gradient.isfinite().all().item<bool>(),
                 fmt::format("the gradient to `{}` is finite", name));
    const at::Tensor random = at::arange(place.numel(), at::kDouble).mul(12.9898).sin().reshape(place.sizes());
    const at::Tensor direction = gradient / gradient.norm() + 0.5 * random / random.norm();
    constexpr double h = 1e-4;
    const at::Tensor middle = place.detach();
    const double numeric =
        (at_point(middle + h * direction).item<double>() - at_point(middle - h * direction).item<double>()) / (2 * h);
    const double analytic = (gradient * direction).sum().item<double>();
    report.check(
        std::abs(numeric - analytic) <= 1e-4 * std::max(std::abs(numeric), std::abs(analytic)),
        fmt::format("the gradient to `{}` is that of the value (analytic {}, numeric {})", name, analytic, numeric));
  }
}

}  // namespace

void check_loss(const Subject& subject, Report& report) {
  report.doing("the run around it");
  Trial trial(subject);
  const auto offered = trial.objective->outputs();
  for (const std::string& output : trial.term->needs().outputs) {
    if (offered.count(output) != 0) continue;
    report.skip(fmt::format("needs the output `{}` of an objective that is not at hand", output));
    return;
  }
  check_value(trial, report);
  check_gradient(trial, report);
}

}  // namespace vaso::contract
