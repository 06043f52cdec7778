#include "contract/checks.hpp"
#include "contract/each_scene.hpp"
#include "contract/gradients.hpp"
#include "contract/tensors.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

namespace vaso::contract {
namespace {

std::shared_ptr<MaskingStrategy> thirds() { return by_turns({MaskPlan::drop, MaskPlan::keep, MaskPlan::mask}); }

struct Trial {
  Trial(const Subject& subject, const Scene& scene)
      : masking(thirds()),
        objective(subject.make<Objective>(scene.shape)),
        run(scene, *objective, *masking),
        step(run, objective->needs(), at_epoch(1, scene.shape), 41),
        plan(masking->plan(step)) {}

  Bag forward(const std::string& until = {}) { return objective->forward(run.student.view(), run.batch, plan, until); }

  std::shared_ptr<MaskingStrategy> masking;
  std::shared_ptr<Objective> objective;
  FakeRun run;
  FakeStep step;
  MaskPlan plan;
};

Scene usual() { return {small_shape(), 3, Scene::Guidance::varied}; }

void check_outputs(const Subject& subject, Report& report) {
  const std::vector<std::shared_ptr<MaskingStrategy>> plans = {thirds(), by_turns({MaskPlan::keep, MaskPlan::mask})};
  each_scene([&](const Scene& scene) {
    if (scene.guidance != Scene::Guidance::varied) return;  // which it does not see
    Trial trial(subject, scene);
    for (const auto& masking : plans) {
      trial.plan = masking->plan(trial.step);
      report.expect(!trial.objective->views(ViewSpec{}).empty(), "there is a view");
      report.doing("forward() with " + scene.text());
      const Bag outputs = trial.forward();
      for (const auto& [name, width] : trial.objective->outputs()) {
        const auto found = outputs.find(name);
        report.expect(found != outputs.end(), "every output that outputs() names is computed", "`" + name + "` is not");
        if (found == outputs.end()) continue;
        report.expect(found->second.size(0) == scene.images && found->second.size(-1) == width,
                      "an output has one entry per image and ends in the length that outputs() says",
                      fmt::format("`{}`: {}, wanted {} … {}", name, text_of(found->second), scene.images, width));
        report.expect(all_finite(found->second), "outputs are finite", "`" + name + "` is not");
      }
    }
  });
}

void check_partial(const Subject& subject, Report& report) {
  Trial trial(subject, usual());
  const Bag outputs = trial.forward();
  for (const auto& [name, width] : trial.objective->outputs()) {
    report.doing(fmt::format("forward() until `{}`", name));
    const Bag partial = trial.forward(name);
    const auto found = partial.find(name);
    report.expect(found != partial.end() && same(found->second.detach(), outputs.at(name).detach()),
                  "stopping after an output gives the same output",
                  found == partial.end() ? "it is not there" : difference(found->second, outputs.at(name)));
  }
}

void check_repeats(const Subject& subject, Report& report) {
  Trial first(subject, usual()), second(subject, usual());
  report.doing("forward()");
  const Bag outputs = first.forward();
  for (const Bag& again : {first.forward(), second.forward()})
    for (const auto& [name, output] : outputs)
      report.expect(again.count(name) == 1 && same(again.at(name).detach(), output.detach()),
                    "equal networks, batch and plan give equal outputs", "`" + name + "` differs");
}

void check_gradient(const Subject& subject, Report& report) {
  Trial trial(subject, usual());
  trial.run.to_double();
  std::vector<at::Tensor> parameters;
  for (const auto& [name, parameter] : trial.run.student.parameters()) parameters.push_back(parameter);
  for (const auto& [name, width] : trial.objective->outputs()) {
    report.doing(fmt::format("the gradient of `{}` in float64", name));
    if (!trial.forward(name).at(name).requires_grad()) continue;  // a target
    // One number out of many.
    const at::Tensor weights = noise(trial.forward(name).at(name).sizes(), 43).to(at::kDouble);
    expect_gradient(
        [&] {
          const at::Tensor output = trial.forward(name).at(name);
          return output.scalar_type() == at::kDouble ? (output * weights).mean() : output.mean();
        },
        parameters, "the student's weights", report);
  }
}

void compare_devices(const Subject& subject, c10::Device other, Report& report) {
  Trial here(subject, usual()), there(subject, usual());
  there.run.to(other);
  there.plan.state = there.plan.state.to(other);
  report.doing("forward() on " + other.str());
  const Bag outputs = here.forward(), elsewhere = there.forward();
  for (const auto& [name, output] : outputs) {
    const double error = relative_error(elsewhere.at(name), output);
    report.expect(error < 1e-3, "both devices give one output", fmt::format("`{}` differs by {:.2g}", name, error));
  }
}

}  // namespace

std::vector<Check> objective_checks() {
  return {
      {"outputs", "Compute all that outputs() names, for any number of images and of kept, masked and dropped patches.",
       check_outputs},
      {"partial outputs", "Stop once `until` is computed, and compute it as the whole would.", check_partial},
      {"same input, same outputs", "Let forward() depend on nothing but its arguments.", check_repeats},
      {"gradient", "Compare backward() of your autograd functions with the derivative of what forward() computes.",
       check_gradient},
      device_check(compare_devices)};
}

}  // namespace vaso::contract
