// Loads like any other; takes its process down in the middle of a run.
#include "keep_all.hpp"

#include <csignal>
#include <cstdio>

class Segfaults final : public KeepAll {
 public:
  using KeepAll::KeepAll;
  vaso::MaskPlan plan(vaso::StepContext& step) override {
    std::fputs("masking.segfaults is about to crash\n", stderr);
    std::raise(SIGSEGV);
    return KeepAll::plan(step);
  }
};

VASO_PLUGIN("segfaults", "1.0.0", "masking.segfaults") {
  plugins.add<Segfaults, vaso::NoParameters>("segfaults", "crashes in plan()");
}
