#include "train/step.hpp"

#include "data/philox.hpp"
#include "train/device.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace vaso::train {

Step::Step(const StepResources& resources, const Progress& progress, std::int64_t slice, Bag batch)
    : resources_(resources), progress_(progress), slice_(slice), batch_(std::move(batch)) {
  for (auto& [name, tensor] : batch_) tensor = tensor.to(resources_.device);
}

at::Generator Step::generator() {
  const auto seed = static_cast<std::uint64_t>(resources_.recipe->settings.general.seed);
  return make_generator(resources_.device, random_key(seed, caller_, static_cast<std::uint64_t>(slice_)));
}

at::Tensor Step::guidance() {
  return once("guidance",
              [&] { return resources_.guidance->evaluate(resources_.recipe->settings.guidance.source, *this); });
}

Networks& Step::teacher() {
  if (resources_.teacher == nullptr) throw std::logic_error(caller_ + " uses a teacher that its needs() do not name");
  return resources_.teacher->view();
}

FrozenNetwork& Step::frozen(std::string_view name) {
  if (name != "segmentor" || resources_.segmentor == nullptr) {
    throw std::logic_error(fmt::format("{} uses the frozen network `{}` that its needs() do not name", caller_, name));
  }
  return *resources_.segmentor;
}

Bag Step::forward(Networks& networks, const MaskPlan& plan, std::string_view until) {
  return resources_.objective->forward(networks, batch_, plan, until);
}

at::Tensor Step::once(const std::string& key, const std::function<at::Tensor()>& compute) {
  const auto found = memory_.find(key);
  if (found != memory_.end()) return found->second;
  const c10::NoGradGuard no_gradient;
  return memory_[key] = compute();
}

void Step::set_plan(MaskPlan plan) {
  const auto refuse = [&](const std::string& why) {
    throw std::runtime_error(fmt::format("{} made a mask plan that {}", caller_, why));
  };
  const at::Tensor& state = plan.state;
  const std::int64_t batch = batch_.at("image").size(0), tokens = shape().tokens();
  if (!state.defined()) refuse("is empty");
  if (state.dim() != 2 || state.size(0) != batch || state.size(1) != tokens) {
    refuse(fmt::format("is not {}×{} (images × patches)", batch, tokens));
  }
  if (state.scalar_type() != at::kChar) refuse("does not hold int8");
  const auto& said = plan.counts;
  const bool says = said[0] >= 0 && said[1] >= 0 && said[2] >= 0;
  if (says && said[0] + said[1] + said[2] != tokens) {
    refuse(fmt::format("says that of {} patches {} are dropped, {} kept and {} masked", tokens, said[0], said[1],
                       said[2]));
  }
  if (says && said[1] == 0) refuse("keeps no patch for the encoder");
  const std::array<at::Tensor, 3> counts = {(state == MaskPlan::drop).sum(1), (state == MaskPlan::keep).sum(1),
                                            (state == MaskPlan::mask).sum(1)};
  if (says && state.is_cuda() && resources_.wrong_plans != nullptr) {
    at::Tensor& wrong = *resources_.wrong_plans;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const at::Tensor differs = counts[i].ne(said[i]).any();
      wrong = wrong.defined() ? wrong.logical_or(differs) : differs;
    }
    plan_ = std::move(plan);
    return;
  }
  const at::Tensor here = at::stack({counts[0], counts[1], counts[2]}).cpu();  // from a GPU one copy, and one wait
  if (!here.eq(here.slice(1, 0, 1)).all().item<bool>()) refuse("treats images of one batch unequally");
  const std::array<std::int64_t, 3> found = {here[0][0].item<std::int64_t>(), here[1][0].item<std::int64_t>(),
                                             here[2][0].item<std::int64_t>()};
  if (found[0] + found[1] + found[2] != tokens) refuse("holds states other than keep (0), mask (1) and drop (-1)");
  if (found[1] == 0) refuse("keeps no patch for the encoder");
  if (says && said != found) {
    refuse(fmt::format("says that {} patches are dropped, {} kept and {} masked, and has {}, {} and {}", said[0],
                       said[1], said[2], found[0], found[1], found[2]));
  }
  plan_ = std::move(plan);
  plan_.counts = found;
}

}  // namespace vaso::train
