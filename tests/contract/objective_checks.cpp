#include "checks.hpp"
#include "fake_step.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace vaso::contract {
namespace {

// A third each: kept, masked, dropped.
class Thirds final : public MaskingStrategy {
 public:
  MaskPlan plan(StepContext& step) override {
    const at::Tensor row = at::arange(step.shape().tokens(), at::kLong).remainder(3).sub(1).to(at::kChar);
    return {row.expand({batch_size, -1}).contiguous(), {}};
  }
};

}  // namespace

void check_objective(const Subject& subject, Report& report) {
  report.doing("network()");
  const auto objective = subject.make<Objective>();
  Thirds masking;
  FakeRun run(subject.shape, *objective, masking);
  FakeStep step(run, objective->needs(), Progress{}, 41);
  const MaskPlan plan = masking.plan(step);
  report.check(!objective->views(ViewSpec{}).empty(), "there is a view");

  report.doing("forward()");
  const auto forward = [&](const std::string& until) {
    return objective->forward(run.student.view(), run.batch, plan, until);
  };
  const Bag outputs = forward("");
  for (const auto& [name, width] : objective->outputs()) {
    const auto found = outputs.find(name);
    report.check(found != outputs.end(), fmt::format("the output `{}` is computed", name));
    if (found == outputs.end()) continue;
    report.check(found->second.size(0) == batch_size && found->second.size(-1) == width,
                 fmt::format("the output `{}` has one row per image and {} values at its end", name, width));
    report.check(found->second.isfinite().all().item<bool>(), fmt::format("the output `{}` is finite", name));
    const Bag partial = forward(name);
    report.check(partial.count(name) == 1 && same(partial.at(name).detach(), found->second.detach()),
                 fmt::format("stopping after `{}` gives the same `{}`", name, name));
  }
}

}  // namespace vaso::contract
