// Loads like any other; fails in the middle of a run.
#include "keep_all.hpp"

#include <stdexcept>

class Throws final : public KeepAll {
 public:
  using KeepAll::KeepAll;
  vaso::MaskPlan plan(vaso::StepContext&) override { throw std::runtime_error("masking.throws throws in plan()"); }
};

VASO_PLUGIN("throws", "1.0.0", "masking.throws") {
  plugins.add<Throws, vaso::NoParameters>("throws", "throws in plan()");
}
