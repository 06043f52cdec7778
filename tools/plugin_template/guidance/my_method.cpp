// Darker than its surroundings: how far each pixel lies below the mean of a window around it. Vessels filled with
// contrast agent do; so does anything else that is dark and narrow.
#include "sdk/guidance.hpp"
#include "sdk/plugin.hpp"

#include <ATen/ATen.h>

namespace {

struct Params {
  std::int64_t window = 15;
  void describe(vaso::Schema& s) {
    s.field(window, "window", "side of the window that a pixel is compared with; odd, wider than the widest vessel")
        .range(3, 511)
        .unit("px");
  }
};

class MyMethod final : public vaso::GuidanceSource {
 public:
  MyMethod(const Params& params, const vaso::RunShape&) : window_(params.window) {
    if (window_ % 2 == 0) throw vaso::ParameterError("window", "has a pixel in its middle only where it is odd");
  }

  // Once per image, stored beside it. Stage::step would be: in every step, from the batch, by a network.
  Stage stage() const override { return Stage::image; }

  // Called by several threads at once.
  at::Tensor map(const vaso::Record& record) const override {
    const at::Tensor image = record.image.to(at::kFloat).unsqueeze(0).unsqueeze(0);
    const at::Tensor around = at::avg_pool2d(image, window_, /*stride=*/1, /*padding=*/window_ / 2, /*ceil_mode=*/false,
                                             /*count_include_pad=*/false);
    const at::Tensor darker = (around - image).clamp_min(0)[0][0];
    return (darker / darker.max().clamp_min(1) * 255).to(at::kByte);
  }

 private:
  std::int64_t window_;
};

}  // namespace

VASO_PLUGIN("guidance.my_method", "0.1.0", "guidance.my_method") {
  plugins.add<MyMethod, Params>("my_method", "darker than the surroundings");
}
