#include "contract/checks.hpp"
#include "contract/each_scene.hpp"
#include "contract/tensors.hpp"

#include "sdk/guidance.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <future>

namespace vaso::contract {
namespace {

// With the maps that data sets may carry, for sources that pass one on.
Record record(const std::string& name, at::Tensor image) {
  Record record;
  record.id.name = name;
  const at::Tensor mask = image.lt(100).to(at::kByte) * 255;
  record.maps = {{"filter", mask}, {"vessel", mask}};
  record.image = std::move(image);
  return record;
}

// A dark line on a bright ground.
at::Tensor line(std::int64_t height, std::int64_t width) {
  const at::Tensor rows = at::arange(height, at::kFloat).unsqueeze(1),
                   columns = at::arange(width, at::kFloat).unsqueeze(0);
  const at::Tensor distance = (rows - 0.5 * columns - 10).abs();
  return (200 - 120 * (-distance * distance / 8).exp()).to(at::kByte);
}

// Wider than high, higher than wide, of odd size; and images in which there is nothing to find.
std::vector<Record> records() {
  return {record("a line in 96×128 pixels", line(96, 128)), record("a line in 131×97 pixels", line(131, 97)),
          record("96×128 pixels of one grey", at::full({96, 128}, 128, at::kByte)),
          record("64×64 black pixels", at::zeros({64, 64}, at::kByte)),
          record("64×64 white pixels", at::full({64, 64}, 255, at::kByte))};
}

// What a source of stage `step` is asked with: inputs of every kind.
class Trial {
 public:
  Trial(const Subject& subject, const Scene& scene)
      : source(subject.make<GuidanceSource>(scene.shape)),
        masking_(by_turns({MaskPlan::keep})),
        objective_(small_mae(scene.shape)),
        run(scene, *objective_, *masking_) {}

  // Of the inputs, every second one is full.
  at::Tensor map(std::uint64_t seed = 31) {
    const c10::NoGradGuard no_gradient;
    std::vector<at::Tensor> inputs;
    for (std::size_t i = 0; i < source->inputs().size(); ++i)
      inputs.push_back(i % 2 == 0 ? at::ones_like(run.guidance) : run.guidance);
    FakeStep step(run, source->needs(), at_epoch(1, run.scene.shape), seed);
    at::Tensor map = source->map(step, inputs);
    drew = step.drew();
    return map;
  }

  std::shared_ptr<GuidanceSource> source;

 private:
  std::shared_ptr<MaskingStrategy> masking_;
  std::shared_ptr<Objective> objective_;

 public:
  FakeRun run;
  bool drew = false;
};

Scene usual() { return {small_shape(), 3, Scene::Guidance::varied}; }

bool made_before_training(const Subject& subject) {
  return subject.make<GuidanceSource>(small_shape())->stage() == GuidanceSource::Stage::image;
}

void check_stored_maps(const Subject& subject, Report& report) {
  const auto source = subject.make<GuidanceSource>(small_shape());
  for (const Record& record : records()) {
    report.doing("map() of " + record.id.name);
    const at::Tensor map = source->map(record);
    report.expect(map.defined() && map.scalar_type() == at::kByte && map.sizes() == record.image.sizes(),
                  "a map is as large as its image, uint8", text_of(map));
  }
  report.note(fmt::format("{} images", records().size()));
}

void check_maps(const Subject& subject, Report& report) {
  if (made_before_training(subject)) return check_stored_maps(subject, report);
  const int served = each_scene([&](const Scene& scene) {
    Trial trial(subject, scene);
    report.doing("map() of a step with " + scene.text());
    const at::Tensor map = trial.map();
    const bool shaped = map.defined() && map.sizes() == trial.run.guidance.sizes() && map.is_floating_point();
    report.expect(shaped, "a map is images × 1 × height × width, floating point", text_of(map));
    if (!shaped) return;
    report.expect(all_finite(map), "a map is finite", "some of its values are NaN or infinite");
    const auto least = map.min().item<double>(), most = map.max().item<double>();
    report.expect(least >= 0 && most <= 1, "a map is in [0,1]", fmt::format("{} … {}", least, most));
  });
  report.note(fmt::format("{} batches", served));
}

void check_repeats(const Subject& subject, Report& report) {
  if (made_before_training(subject)) {
    const auto source = subject.make<GuidanceSource>(small_shape()), twin = subject.make<GuidanceSource>(small_shape());
    for (const Record& record : records()) {
      report.doing("map() of " + record.id.name);
      const at::Tensor map = source->map(record);
      report.expect(same(twin->map(record), map), "one record gives one map", difference(twin->map(record), map));
      report.doing("map() of " + record.id.name + ", in two threads");
      auto first = std::async(std::launch::async, [&] { return source->map(record); });
      auto second = std::async(std::launch::async, [&] { return source->map(record); });
      report.expect(same(first.get(), map) && same(second.get(), map), "every thread gets the same map");
    }
    return;
  }
  Trial first(subject, usual()), second(subject, usual());
  report.doing("map() of a step");
  const at::Tensor map = first.map();
  report.expect(same(second.map(), map), "one seed gives one map", difference(second.map(), map));
  if (!first.drew) return;
  bool differs = false;
  for (const std::uint64_t seed : {2, 3, 4}) differs = differs || !same(first.map(seed), map);
  report.expect(differs, "another seed gives another map", "four seeds gave one map");
}

void check_continuation(const Subject& subject, Report& report) {
  if (made_before_training(subject)) {
    const auto first = subject.make<GuidanceSource>(small_shape()),
               second = subject.make<GuidanceSource>(small_shape());
    for (const Record& each : records()) first->map(each);
    report.doing("set_state() with what state() gave");
    second->set_state(through_a_file(first->state()));
    for (const Record& each : records())
      report.expect(same(second->map(each), first->map(each)), "a resumed run has the maps of an uninterrupted one");
    return;
  }
  Trial first(subject, usual()), second(subject, usual());
  for (const std::uint64_t seed : {1, 2, 3}) first.map(seed);
  report.doing("set_state() with what state() gave after three steps");
  second.source->set_state(through_a_file(first.source->state()));
  report.expect(same(second.source->state(), first.source->state()), "state(), set_state(), state() gives the same");
  for (const std::uint64_t seed : {4, 5}) {
    const at::Tensor map = first.map(seed), resumed = second.map(seed);
    report.expect(same(map, resumed), "a resumed run has the maps of an uninterrupted one", difference(map, resumed));
  }
}

void compare_devices(const Subject& subject, c10::Device other, Report& report) {
  if (made_before_training(subject)) {
    report.skip("its maps are made on the CPU, before training");
    return;
  }
  Trial here(subject, usual()), there(subject, usual());
  there.run.to(other);
  report.doing("map() on " + other.str());
  const at::Tensor map = here.map(), elsewhere = there.map();
  if (here.drew) {
    report.skip("it draws random numbers, which differ between devices");
    return;
  }
  const double error = relative_error(elsewhere, map);
  report.expect(error < 1e-3, "both devices give one map", fmt::format("they differ by {:.2g}", error));
}

}  // namespace

std::vector<Check> guidance_checks() {
  return {
      {"maps",
       "Serve images of any size and without any vessel: scale by no maximum that can be zero. Stage::image gives "
       "uint8 as large as the image, Stage::step B×1×H×W in [0,1].",
       check_maps},
      {"seeds and threads",
       "Draw random numbers from step.generator() alone; let map() of a record write to nothing that threads share.",
       check_repeats},
      {"save and load",
       "Put all that map() depends on beyond parameters and arguments into state(), and take it back in set_state().",
       check_continuation},
      device_check(compare_devices)};
}

}  // namespace vaso::contract
