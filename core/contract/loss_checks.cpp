#include "contract/checks.hpp"
#include "contract/each_scene.hpp"
#include "contract/gradients.hpp"
#include "contract/tensors.hpp"

#include "sdk/loss.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vaso::contract {
namespace {

struct Trial {
  Trial(const Subject& subject, const Scene& scene)
      : masking(by_turns({MaskPlan::keep, MaskPlan::mask})),
        objective(small_mae(scene.shape)),
        run(scene, *objective, *masking),
        term(subject.make<LossTerm>(scene.shape)) {}

  // The term's value for these outputs of the student, in a step of its own.
  at::Tensor value(const Bag& outputs, std::uint64_t seed = 21) {
    FakeStep step(run, term->needs(), at_epoch(1, run.scene.shape), seed);
    step.set_plan(masking->plan(step));
    step.set_outputs(outputs);
    const at::Tensor value = term->value(step);
    drew = step.drew();
    return value;
  }
  Bag forward() {
    FakeStep step(run, {}, at_epoch(1, run.scene.shape), 21);
    return objective->forward(run.student.view(), run.batch, masking->plan(step), {});
  }

  std::shared_ptr<MaskingStrategy> masking;
  std::shared_ptr<Objective> objective;
  FakeRun run;
  std::shared_ptr<LossTerm> term;
  bool drew = false;
};

Scene usual() { return {small_shape(), 3, Scene::Guidance::varied}; }

// False, and said, where the term wants outputs of an objective that is not at hand.
bool can_be_served(const Trial& trial, Report& report) {
  const auto offered = trial.objective->outputs();
  for (const std::string& output : trial.term->needs().outputs) {
    if (offered.count(output) != 0) continue;
    report.skip(fmt::format("it needs the output `{}`, which objective.mae does not compute", output));
    return false;
  }
  return true;
}

std::string shown(const at::Tensor& value) {
  return value.defined() && value.dim() == 0 ? std::to_string(value.item<double>()) : text_of(value);
}

void check_value(const Subject& subject, Report& report) {
  int count = 0;
  each_scene([&](const Scene& scene) {
    Trial trial(subject, scene);
    if (!can_be_served(trial, report)) return;
    report.doing("value() with " + scene.text());
    const at::Tensor value = trial.value(trial.forward());
    const bool scalar = value.defined() && value.dim() == 0;
    report.expect(scalar, "the value is a scalar", text_of(value));
    if (!scalar) return;
    report.expect(all_finite(value), "the value is finite", shown(value));
    report.expect(value.requires_grad(), "the value has a gradient", "it has none");
    if (!value.requires_grad()) return;
    value.backward();
    ++count;
    std::vector<at::Tensor> student;
    for (const auto& [name, parameter] : trial.run.student.parameters()) student.push_back(parameter);
    const auto gradients = gradients_of(student);
    report.expect(std::all_of(gradients.begin(), gradients.end(), all_finite), "the student's gradients are finite",
                  "some are NaN or infinite");
    const auto frozen = trial.run.segmentor.parameters();
    report.expect(std::none_of(frozen.begin(), frozen.end(), [](const auto& each) { return each.grad().defined(); }),
                  "a frozen network gets no gradient");
    if (scene.guidance != Scene::Guidance::varied) return;
    report.expect(std::any_of(gradients.begin(), gradients.end(),
                              [](const at::Tensor& each) { return each.ne(0).any().template item<bool>(); }),
                  "the student learns", "every gradient is zero");
  });
  report.note(fmt::format("{} batches", count));
}

void check_gradient(const Subject& subject, Report& report) {
  Trial trial(subject, usual());
  if (!can_be_served(trial, report)) return;
  Bag outputs;
  for (const auto& [name, tensor] : trial.forward()) outputs[name] = tensor.detach().to(at::kDouble);
  trial.run.to_double();
  for (const std::string& name : trial.term->needs().outputs) {
    report.doing("the gradient to `" + name + "` in float64");
    Bag moved = outputs;
    moved[name] = outputs.at(name).clone().requires_grad_();
    expect_gradient([&] { return trial.value(moved); }, {moved.at(name)}, "`" + name + "`", report);
  }
  if (trial.term->needs().outputs.empty()) report.skip("it needs no output of the objective");
}

void check_seeds(const Subject& subject, Report& report) {
  Trial first(subject, usual()), second(subject, usual());
  if (!can_be_served(first, report)) return;
  const Bag outputs = first.forward();
  const at::Tensor value = first.value(outputs, 1).detach();
  report.doing("value()");
  report.expect(same(value, second.value(outputs, 1).detach()), "one seed gives one value");
  if (!first.drew) {
    report.note("it asks for no random number");
    return;
  }
  bool differs = false;
  for (const std::uint64_t seed : {2, 3, 4}) differs = differs || !same(value, first.value(outputs, seed).detach());
  report.expect(differs, "another seed gives another value", "four seeds gave one value");
}

void check_continuation(const Subject& subject, Report& report) {
  Trial first(subject, usual()), second(subject, usual());
  if (!can_be_served(first, report)) return;
  const Bag outputs = first.forward();
  for (const std::uint64_t seed : {1, 2, 3}) first.value(outputs, seed);
  report.doing("set_state() with what state() gave after three steps");
  const Bag state = first.term->state();
  second.term->set_state(through_a_file(state));
  report.expect(same(second.term->state(), state), "state(), set_state(), state() gives the same");
  for (const std::uint64_t seed : {4, 5}) {
    const at::Tensor value = first.value(outputs, seed).detach(), resumed = second.value(outputs, seed).detach();
    report.expect(same(value, resumed), "a resumed run has the values of an uninterrupted one",
                  fmt::format("{} against {}", shown(resumed), shown(value)));
  }
}

void compare_devices(const Subject& subject, c10::Device other, Report& report) {
  Trial here(subject, usual()), there(subject, usual());
  if (!can_be_served(here, report)) return;
  there.run.to(other);
  report.doing("value() on " + other.str());
  const at::Tensor value = here.value(here.forward()), elsewhere = there.value(there.forward());
  if (here.drew) {
    report.skip("it draws random numbers, which differ between devices");
    return;
  }
  report.expect(relative_error(elsewhere, value) < 1e-3, "both devices give one value",
                fmt::format("{} against {}", shown(elsewhere), shown(value)));
}

}  // namespace

std::vector<Check> loss_checks() {
  return {
      {"value",
       "Give a scalar that depends on the student's outputs; divide by no number that can be zero, and take no root "
       "of one.",
       check_value},
      {"gradient",
       "Compare backward() of your autograd functions with the derivative of what forward() computes; detach only "
       "targets.",
       check_gradient},
      {"seeds", "Draw random numbers from step.generator() alone, and hand it to every function that draws.",
       check_seeds},
      {"save and load",
       "Put all that value() depends on beyond parameters and arguments into state(), and take it back in set_state().",
       check_continuation},
      device_check(compare_devices)};
}

}  // namespace vaso::contract
