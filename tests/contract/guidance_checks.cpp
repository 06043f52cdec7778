#include "checks.hpp"
#include "fake_step.hpp"

#include "sdk/guidance.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <future>

namespace vaso::contract {
namespace {

class KeepAll final : public MaskingStrategy {
 public:
  MaskPlan plan(StepContext& step) override { return {at::zeros({batch_size, step.shape().tokens()}, at::kChar), {}}; }
};

// With the maps that data sets may carry, for sources that pass one on.
Record record(const std::string& name, at::Tensor image) {
  Record record;
  record.id.name = name;
  const at::Tensor mask = image.lt(100).to(at::kByte) * 255;
  record.maps = {{"filter", mask}, {"vessel", mask}};
  record.image = std::move(image);
  return record;
}

// A dark line on a bright ground, wider than high; and an image in which there is nothing to find.
std::vector<Record> records() {
  const at::Tensor rows = at::arange(96, at::kFloat).unsqueeze(1), columns = at::arange(128, at::kFloat).unsqueeze(0);
  const at::Tensor distance = (rows - 0.5 * columns - 10).abs();
  const at::Tensor line = (200 - 120 * (-distance * distance / 8).exp()).to(at::kByte);
  return {record("line", line), record("blank", at::full({96, 128}, 128, at::kByte))};
}

void check_stored(const GuidanceSource& source, Report& report) {
  for (const Record& record : records()) {
    report.doing("map() of the record `" + record.id.name + "`");
    const at::Tensor map = source.map(record);
    report.check(map.defined() && map.scalar_type() == at::kByte, "a map holds uint8");
    report.check(map.sizes() == record.image.sizes(), "a map is as large as its image");
    auto first = std::async(std::launch::async, [&] { return source.map(record); });
    auto second = std::async(std::launch::async, [&] { return source.map(record); });
    report.check(same(first.get(), map) && same(second.get(), map), "every thread gets the same map");
  }
}

void check_step(const Subject& subject, GuidanceSource& source, Report& report) {
  report.doing("map() of a step");
  KeepAll masking;
  const std::shared_ptr<Objective> objective = small_mae(subject.shape);
  FakeRun run(subject.shape, *objective, masking);
  const c10::NoGradGuard no_gradient;
  // Inputs at both ends of their range.
  std::vector<at::Tensor> inputs;
  for (std::size_t i = 0; i < source.inputs().size(); ++i)
    inputs.push_back(i % 2 == 0 ? at::ones_like(run.guidance) : run.guidance);
  const auto compute = [&] {
    FakeStep step(run, source.needs(), Progress{}, 31);
    return source.map(step, inputs);
  };
  const at::Tensor map = compute();
  report.check(map.defined() && map.sizes() == run.guidance.sizes(), "a map is B×1×H×W");
  report.check(map.is_floating_point() && map.isfinite().all().item<bool>(), "a map is finite");
  report.check(map.min().item<double>() >= 0 && map.max().item<double>() <= 1, "a map is in [0,1]");
  report.check(same(map, compute()), "the same step gives the same map");
}

}  // namespace

void check_guidance(const Subject& subject, Report& report) {
  const auto source = subject.make<GuidanceSource>();
  if (source->stage() == GuidanceSource::Stage::image)
    check_stored(*source, report);
  else
    check_step(subject, *source, report);
}

}  // namespace vaso::contract
