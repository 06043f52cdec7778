// Masking strategies that load and would run, each of which breaks one rule of the contract.
#include "sdk/masking.hpp"
#include "sdk/plugin.hpp"

#include <ATen/ATen.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace {

using vaso::MaskPlan;
using vaso::NoParameters;
using vaso::RunShape;
using vaso::StepContext;

// Half of the patches, evenly.
class Half : public vaso::MaskingStrategy {
 public:
  Half(const NoParameters&, const RunShape& shape) : tokens_(shape.tokens()) {}
  MaskPlan plan(StepContext& step) override { return draw(images(step), tokens_ / 2, step.generator()); }

 protected:
  static std::int64_t images(StepContext& step) { return step.batch().at("image").size(0); }
  MaskPlan draw(std::int64_t images, std::int64_t count, at::Generator generator) const {
    const at::Tensor nothing = at::zeros({images, tokens_}, at::kBool);
    return {vaso::draw_evenly(nothing, at::full({images}, count, at::kLong), std::move(generator)).to(at::kChar), {}};
  }
  std::int64_t tokens_;
};

struct FromGlobalGenerator : Half {
  using Half::Half;
  MaskPlan plan(StepContext& step) override {
    constexpr std::int64_t columns = 1;
    const at::Tensor order = at::rand({images(step), tokens_}).argsort(columns);  // the generator is forgotten
    return {(order < tokens_ / 2).to(at::kChar), {}};
  }
};

// Depends on how many plans this process has made.
struct Unseeded : Half {
  using Half::Half;
  MaskPlan plan(StepContext& step) override {
    static std::int64_t calls = 0;
    return {Half::plan(step).state.roll(++calls, 1), {}};
  }
};

struct IgnoresSeed : Half {
  using Half::Half;
  MaskPlan plan(StepContext& step) override {
    at::rand({1}, step.generator());  // asked for, and not used
    const at::Tensor row = at::arange(tokens_, at::kLong).lt(tokens_ / 2).to(at::kChar);
    return {row.expand({images(step), -1}).contiguous(), {}};
  }
};

// Moves the mask on with every step, and forgets how far when it is resumed.
struct Forgetful : Half {
  using Half::Half;
  MaskPlan plan(StepContext& step) override { return {Half::plan(step).state.roll(++steps_, 1), {}}; }
  std::int64_t steps_ = 0;
};

// An odd last image gets half of what the others get.
struct Uneven : Half {
  using Half::Half;
  MaskPlan plan(StepContext& step) override {
    MaskPlan plan = Half::plan(step);
    const std::int64_t count = images(step);
    if (count > 1 && count % 2 == 1) plan.state[count - 1].narrow(0, 0, tokens_ / 2).zero_();
    return plan;
  }
};

struct Miscounts : Half {
  using Half::Half;
  MaskPlan plan(StepContext& step) override {
    MaskPlan plan = Half::plan(step);
    plan.counts = {0, tokens_ / 2 - 1, tokens_ / 2 + 1};
    return plan;
  }
};

struct NeedsVessels : Half {
  using Half::Half;
  vaso::Needs needs() const override {
    vaso::Needs needs;
    needs.guidance = true;
    return needs;
  }
  MaskPlan plan(StepContext& step) override {
    if (step.guidance().sum().item<double>() == 0) std::raise(SIGSEGV);
    return Half::plan(step);
  }
};

struct Hangs : Half {
  using Half::Half;
  MaskPlan plan(StepContext&) override {
    for (;;) ::pause();
  }
};

struct Exits : Half {
  using Half::Half;
  MaskPlan plan(StepContext&) override { std::exit(0); }
};

struct RatioParams {
  double ratio = 0.5;
  void describe(vaso::Schema& s) { s.field(ratio, "ratio", "share of patches hidden").range(0, 1); }
};

struct RangeTooWide : Half {
  RangeTooWide(const RatioParams& params, const RunShape& shape) : Half({}, shape) {
    if (params.ratio == 1) throw std::runtime_error("cannot hide everything");
  }
};

struct IgnoresRatio : Half {
  IgnoresRatio(const RatioParams&, const RunShape& shape) : Half({}, shape) {}
};

}  // namespace

VASO_PLUGIN("broken-masking", "1.0.0",
            "masking.from_global_generator masking.unseeded masking.ignores_seed masking.forgetful masking.uneven "
            "masking.miscounts masking.needs_vessels masking.hangs masking.exits masking.range_too_wide "
            "masking.ignores_ratio") {
  plugins.add<FromGlobalGenerator, NoParameters>("from_global_generator", "draws from LibTorch's global generator");
  plugins.add<Unseeded, NoParameters>("unseeded", "makes another plan from the same seed");
  plugins.add<IgnoresSeed, NoParameters>("ignores_seed", "makes the same plan from every seed");
  plugins.add<Forgetful, NoParameters>("forgetful", "keeps a counter that is no part of its state");
  plugins.add<Uneven, NoParameters>("uneven", "masks fewer patches in the last image of an odd batch");
  plugins.add<Miscounts, NoParameters>("miscounts", "says that it masks one patch more than it does");
  plugins.add<NeedsVessels, NoParameters>("needs_vessels", "crashes where there is no guidance");
  plugins.add<Hangs, NoParameters>("hangs", "never makes a plan");
  plugins.add<Exits, NoParameters>("exits", "ends the process");
  plugins.add<RangeTooWide, RatioParams>("range_too_wide", "cannot serve the end of its range");
  plugins.add<IgnoresRatio, RatioParams>("ignores_ratio", "hides half of the patches whatever the ratio");
}
