#include "contract/checks.hpp"
#include "contract/each_scene.hpp"
#include "contract/gradients.hpp"
#include "contract/parameters.hpp"
#include "contract/tensors.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <variant>

namespace vaso::contract {
namespace {

Scene usual(std::int64_t images = 3) { return {small_shape(), images, Scene::Guidance::varied}; }

// One strategy with the run around it.
class Trial {
 public:
  Trial(const Subject& subject, const Scene& scene) : Trial(subject, scene, subject.parameters()) {}
  Trial(const Subject& subject, const Scene& scene, const Parameters& parameters)
      : strategy(subject.make<MaskingStrategy>(parameters, scene.shape)),
        objective(small_mae(scene.shape)),
        run(scene, *objective, *strategy) {}

  MaskPlan plan(const Progress& progress, std::uint64_t seed) {
    const c10::NoGradGuard no_gradient;
    FakeStep step(run, strategy->needs(), progress, seed);
    MaskPlan plan = strategy->plan(step);
    drew = step.drew();
    return plan;
  }
  void sweep(const Progress& progress) {
    FakeSweep sweep(run, progress);
    strategy->epoch_end(sweep);
  }

  std::shared_ptr<MaskingStrategy> strategy;
  std::shared_ptr<Objective> objective;
  FakeRun run;
  bool drew = false;  // whether the last plan took a random number
};

// Epochs worth looking at: the ends, the middle, and those around the first sweep.
std::vector<std::int64_t> epochs_of(const MaskingStrategy& strategy, const RunShape& shape) {
  std::set<std::int64_t> epochs = {0, 1, shape.epochs / 2, shape.epochs - 1};
  for (std::int64_t epoch = 0; epoch + 1 < shape.epochs; ++epoch) {
    if (!strategy.wants_sweep(at_epoch(epoch, shape))) continue;
    epochs.insert({epoch, epoch + 1});
    break;
  }
  return {epochs.begin(), epochs.end()};
}

// A run in short: a plan in each of these epochs, and the sweeps after them. `visit` sees each plan.
template <class Visit>
void go_through(Trial& trial, const std::vector<std::int64_t>& epochs, std::uint64_t seed, const Visit& visit) {
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    const Progress now = at_epoch(epochs[i], trial.run.scene.shape);
    visit(i, trial.plan(now, seed + static_cast<std::uint64_t>(epochs[i])));
    if (trial.strategy->wants_sweep(now)) trial.sweep(now);
  }
}

std::vector<MaskPlan> plans_of(Trial& trial, const std::vector<std::int64_t>& epochs, std::uint64_t seed) {
  std::vector<MaskPlan> plans;
  go_through(trial, epochs, seed, [&](std::size_t, MaskPlan plan) { plans.push_back(std::move(plan)); });
  return plans;
}

std::string place(const Scene& scene, std::int64_t epoch) {
  return fmt::format("plan() in epoch {} of {}, {}", epoch, scene.shape.epochs, scene.text());
}

void expect_plan(const Scene& scene, const MaskPlan& plan, Report& report) {
  const std::int64_t tokens = scene.shape.tokens();
  const bool shaped = plan.state.defined() && plan.state.sizes() == at::IntArrayRef({scene.images, tokens}) &&
                      plan.state.scalar_type() == at::kChar;
  report.expect(shaped, "a plan is images × patches, int8",
                fmt::format("{}, wanted {}×{}", text_of(plan.state), scene.images, tokens));
  if (!shaped) return;
  std::int64_t accounted = 0, masked = 0;
  for (const auto& [state, word] :
       {std::pair{MaskPlan::keep, "kept"}, {MaskPlan::mask, "masked"}, {MaskPlan::drop, "dropped"}}) {
    const at::Tensor counts = plan.state.eq(state).sum(1);
    const auto least = counts.min().item<std::int64_t>(), most = counts.max().item<std::int64_t>();
    report.expect(least == most, fmt::format("every image has as many {} patches as the others", word),
                  fmt::format("{} … {}", least, most));
    if (const std::int64_t said = plan.counts[static_cast<std::size_t>(state - MaskPlan::drop)]; said >= 0) {
      report.expect(least == said, fmt::format("`counts` says how many patches are {}", word),
                    fmt::format("{} are, and it says {}", least, said));
    }
    accounted += counts.sum().item<std::int64_t>();
    if (state == MaskPlan::mask) masked = least;
    if (state == MaskPlan::keep) report.expect(least > 0, "the encoder is left something", "no patch is kept");
  }
  report.expect(accounted == scene.images * tokens, "every patch is kept (0), masked (1) or dropped (-1)",
                fmt::format("{} of {} patches are", accounted, scene.images * tokens));
  report.expect(masked > 0, "something is masked", "no patch is");
  if (!plan.guided.defined()) return;
  const bool counted = plan.guided.scalar_type() == at::kLong && plan.guided.sizes() == at::IntArrayRef({scene.images});
  report.expect(counted, "`guided` is one int64 per image", text_of(plan.guided));
  if (counted)
    report.expect(plan.guided.ge(0).logical_and(plan.guided.le(masked)).all().item<bool>(),
                  "`guided` counts masked patches",
                  fmt::format("it goes up to {}, and {} are masked", plan.guided.max().item<std::int64_t>(), masked));
}

void check_plans(const Subject& subject, Report& report) {
  int count = 0;
  each_scene([&](const Scene& scene) {
    report.doing("making the run of " + scene.text());
    Trial trial(subject, scene);
    const std::vector<std::int64_t> epochs = epochs_of(*trial.strategy, scene.shape);
    for (const std::int64_t epoch : epochs) {
      const Progress now = at_epoch(epoch, scene.shape);
      report.doing(place(scene, epoch));
      expect_plan(scene, trial.plan(now, 11), report);
      ++count;
      const double momentum = trial.strategy->teacher_momentum(now);
      report.expect(momentum >= 0 && momentum <= 1, "the teacher's momentum is in [0,1]", std::to_string(momentum));
      if (!trial.strategy->wants_sweep(now)) continue;
      report.doing(fmt::format("epoch_end() of epoch {}, {}", epoch, scene.text()));
      trial.sweep(now);
    }
  });
  report.note(fmt::format("{} plans", count));
}

std::vector<std::string> ratios_of(const Parameters& parameters) {
  std::vector<std::string> names;
  for (const Field& field : parameters.schema.fields())
    if (std::holds_alternative<double*>(field.slot) && field.name.find("ratio") != std::string::npos)
      names.push_back(field.name);
  return names;
}

double& value_of(const Parameters& parameters, const std::string& name) {
  return **std::get_if<double*>(&field_named(parameters.schema, name)->slot);
}

// The share of masked patches is one of the ratios, to within a patch.
void expect_ratio(const Subject& subject, const Scene& scene, const Parameters& parameters, Report& report) {
  Trial trial(subject, scene, parameters);
  const MaskPlan plan = trial.plan(at_epoch(0, scene.shape), 11);
  expect_plan(scene, plan, report);
  const auto masked = plan.state.eq(MaskPlan::mask).sum().item<double>() / static_cast<double>(scene.images);
  const auto tokens = static_cast<double>(scene.shape.tokens());
  std::string asked;
  bool honoured = false;
  for (const std::string& name : ratios_of(parameters)) {
    honoured = honoured || std::abs(tokens * value_of(parameters, name) - masked) <= 1;
    asked += fmt::format("{}{} = {}", asked.empty() ? "" : ", ", name, value_of(parameters, name));
  }
  report.expect(honoured, "the ratio is honoured, to within a patch",
                fmt::format("{} of {} patches are masked, with {}", masked, tokens, asked));
}

void check_ratios(const Subject& subject, Report& report) {
  const Parameters described = subject.parameters();
  const std::vector<std::string> names = ratios_of(described);
  if (names.empty()) {
    report.skip("no parameter is a ratio");
    return;
  }
  int refused = 0, kept = 0;
  for (const RunShape& shape : {small_shape(), odd_shape(3), odd_shape(5)}) {
    const Scene scene{shape, 3, Scene::Guidance::varied};
    for (const std::string& name : names) {
      const Field& field = *field_named(described.schema, name);
      std::set<double> values = {value_of(described, name)};
      if (std::isfinite(field.least) && std::isfinite(field.most))
        values.insert({field.least, field.least + (field.most - field.least) / 3, field.most});
      for (const double value : values) {
        const Parameters parameters = subject.parameters();
        value_of(parameters, name) = value;
        report.doing(fmt::format("{} = {}, {}", name, value, scene.text()));
        try {
          expect_ratio(subject, scene, parameters, report);
          ++kept;
        } catch (const ParameterError&) {
          ++refused;  // masks nothing or everything of so few patches
        }
      }
    }
  }
  report.note(fmt::format("{} ratios and grids, {} more refused with a reason", kept, refused));
}

void check_same_seed(const Subject& subject, Report& report) {
  const Scene scene = usual(5);
  Trial first(subject, scene), second(subject, scene);
  const std::vector<std::int64_t> epochs = epochs_of(*first.strategy, scene.shape);
  const std::vector<MaskPlan> plans = plans_of(first, epochs, 100);
  go_through(second, epochs, 100, [&](std::size_t i, const MaskPlan& plan) {
    report.doing(place(scene, epochs[i]));
    report.expect(same(plans[i].state, plan.state), "one seed gives one plan", difference(plans[i].state, plan.state));
    report.expect(same(plans[i].guided, plan.guided), "one seed gives one `guided`",
                  difference(plans[i].guided, plan.guided));
  });
}

void check_other_seed(const Subject& subject, Report& report) {
  const Scene scene = usual(5);
  std::vector<std::vector<MaskPlan>> plans;
  std::vector<bool> drew;
  std::vector<std::int64_t> epochs;
  for (const std::uint64_t seed : {1000, 2000, 3000, 4000}) {
    Trial trial(subject, scene);
    epochs = epochs_of(*trial.strategy, scene.shape);
    drew.assign(epochs.size(), false);
    plans.emplace_back();
    go_through(trial, epochs, seed, [&](std::size_t i, MaskPlan plan) {
      drew[i] = trial.drew;
      plans.back().push_back(std::move(plan));
    });
  }
  if (std::none_of(drew.begin(), drew.end(), [](bool each) { return each; })) {
    report.skip("it asks for no random number");
    return;
  }
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    if (!drew[i]) continue;
    report.doing(place(scene, epochs[i]));
    report.expect(std::any_of(plans.begin(), plans.end(),
                              [&](const auto& other) { return !same(other[i].state, plans.front()[i].state); }),
                  "another seed gives another plan", "four seeds gave one plan");
  }
}

// "", or the output that the strategy needs and nobody here computes.
std::string missing_output(const Trial& trial) {
  const auto offered = trial.objective->outputs();
  for (const std::string& output : trial.strategy->needs().outputs)
    if (offered.count(output) == 0) return output;
  return {};
}

// The loss that the strategy's own network learns from.
void check_own_network(const Subject& subject, Report& report) {
  bool has_one = false;
  for (const Scene::Guidance guidance : {Scene::Guidance::varied, Scene::Guidance::empty}) {
    const Scene scene{small_shape(), 3, guidance};
    Trial trial(subject, scene);
    if (const std::string output = missing_output(trial); !output.empty()) {
      report.skip(fmt::format("it needs the output `{}`, which objective.mae does not compute", output));
      return;
    }
    report.doing("loss() with " + scene.text());
    const Progress now = at_epoch(1, scene.shape);
    const MaskPlan plan = trial.plan(now, 13);
    const auto compute = [&] {
      FakeStep step(trial.run, trial.strategy->needs(), now, 13);
      step.set_plan(plan);
      step.set_outputs(trial.objective->forward(trial.run.student.view(), trial.run.batch, plan, {}));
      return trial.strategy->loss(step);
    };
    torch::nn::Module* network = trial.run.student.view().masking;
    const at::Tensor loss = compute();
    report.expect(network == nullptr || loss.defined(), "a strategy with a network says what it learns from",
                  "loss() gives nothing");
    if (!loss.defined()) continue;
    has_one = true;
    report.expect(loss.dim() == 0 && all_finite(loss), "the loss is a finite scalar",
                  loss.dim() == 0 ? std::to_string(loss.item<double>()) : text_of(loss));
    report.expect(loss.requires_grad(), "the loss has a gradient", "it has none");
    if (!loss.requires_grad() || network == nullptr) continue;
    loss.backward();
    const auto gradients = gradients_of(network->parameters());
    report.expect(std::all_of(gradients.begin(), gradients.end(), all_finite),
                  "gradients of the strategy's network are finite", "some are NaN or infinite");
    if (guidance != Scene::Guidance::varied) continue;
    report.expect(std::any_of(gradients.begin(), gradients.end(),
                              [](const at::Tensor& each) { return each.ne(0).any().item<bool>(); }),
                  "the strategy's network learns", "every gradient is zero");
    report.doing("the gradient of loss() in float64");
    trial.run.to_double();
    expect_gradient(compute, network->parameters(), "the strategy's network", report);
  }
  if (!has_one) report.skip("it has no network of its own");
}

// A strategy made anew from parameters and state goes on like the one that the state was taken from.
void check_continuation(const Subject& subject, Report& report) {
  const Scene scene = usual();
  Trial whole(subject, scene);
  const std::vector<std::int64_t> epochs = epochs_of(*whole.strategy, scene.shape);
  const std::vector<MaskPlan> plans = plans_of(whole, epochs, 500);
  for (std::size_t stop = 1; stop < epochs.size(); ++stop) {
    const auto middle = epochs.begin() + static_cast<std::ptrdiff_t>(stop);
    report.doing(fmt::format("saving after epoch {}", epochs[stop - 1]));
    Trial stopped(subject, scene);
    plans_of(stopped, {epochs.begin(), middle}, 500);
    const Bag state = stopped.strategy->state();
    report.doing(fmt::format("set_state() with what state() gave after epoch {}", epochs[stop - 1]));
    Trial resumed(subject, scene);
    resumed.strategy->set_state(through_a_file(state));
    report.expect(same(resumed.strategy->state(), state), "state(), set_state(), state() gives the same");
    go_through(resumed, {middle, epochs.end()}, 500, [&](std::size_t i, const MaskPlan& plan) {
      report.doing(fmt::format("{}, resumed after epoch {}", place(scene, epochs[stop + i]), epochs[stop - 1]));
      report.expect(same(plans[stop + i].state, plan.state), "a resumed run makes the plans of an uninterrupted one",
                    difference(plans[stop + i].state, plan.state));
    });
  }
}

// Generators of two kinds of device give other numbers, so plans are compared by their counts.
void compare_devices(const Subject& subject, c10::Device other, Report& report) {
  const Scene scene = usual();
  Trial here(subject, scene), there(subject, scene);
  there.run.to(other);
  const std::vector<std::int64_t> epochs = epochs_of(*here.strategy, scene.shape);
  const std::vector<MaskPlan> plans = plans_of(here, epochs, 700);
  const bool random = here.drew;
  go_through(there, epochs, 700, [&](std::size_t i, const MaskPlan& plan) {
    report.doing(place(scene, epochs[i]) + ", on " + other.str());
    const at::Tensor state = plan.state.cpu();
    expect_plan(scene, {state, plan.guided.defined() ? plan.guided.cpu() : at::Tensor()}, report);
    for (const std::int8_t each : {MaskPlan::keep, MaskPlan::mask, MaskPlan::drop})
      report.expect(state.eq(each).sum().item<std::int64_t>() == plans[i].state.eq(each).sum().item<std::int64_t>(),
                    "both devices mask as many patches");
    if (!random)
      report.expect(same(state, plans[i].state), "both devices make one plan", difference(state, plans[i].state));
  });
}

}  // namespace

std::vector<Check> masking_checks() {
  return {
      {"plans",
       "Decide for the whole batch at once, and take counts from the grid and the ratio, never from one image: an "
       "image without guidance is masked like the others.",
       check_plans},
      {"ratios",
       "Mask int(patches · ratio) or patches − kept_tokens(patches, ratio); throw ParameterError where that is none "
       "or all.",
       check_ratios},
      {"same seed, same plan", "Draw random numbers from step.generator() alone, and depend on nothing else.",
       check_same_seed},
      {"other seed, other plan", "Hand step.generator() to every function that draws.", check_other_seed},
      {"own network", "See the header: loss() is a scalar, and its gradient reaches what network() made.",
       check_own_network},
      {"save and load",
       "Put all that plan() depends on beyond parameters and arguments into state(), and take it back in set_state().",
       check_continuation},
      device_check(compare_devices)};
}

}  // namespace vaso::contract
