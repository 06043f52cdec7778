// The reconstruction should look like the image to a network: squared distance of features. The network is a random one
// with two layers, drawn from a seed and never trained.
#include "sdk/loss.hpp"
#include "sdk/plugin.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace {

struct Params {
  std::int64_t channels = 16;
  std::int64_t seed = 0;
  void describe(vaso::Schema& s) {
    s.field(channels, "channels", "features of each of the two layers").range(1, 1024);
    s.field(seed, "seed", "which random network").at_least(0);
  }
};

class MyMethod final : public vaso::LossTerm {
 public:
  MyMethod(const Params& params, const vaso::RunShape& run) : patch_size_(run.patch_size) {
    // A generator of its own: LibTorch's global one is left alone.
    at::Generator random = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(params.seed));
    const auto kernel = [&](std::int64_t outputs, std::int64_t inputs) {
      return at::empty({outputs, inputs, 3, 3}).normal_(0, std::sqrt(2.0 / static_cast<double>(9 * inputs)), random);
    };
    first_ = kernel(params.channels, 3);
    second_ = kernel(params.channels, params.channels);
  }

  // The host computes this before it asks for the value, and checks before the run that the objective has it.
  vaso::Needs needs() const override {
    vaso::Needs needs;
    needs.outputs = {"prediction"};
    return needs;
  }

  // A scalar with gradient; the host multiplies it by the weight of the experiment.
  at::Tensor value(vaso::StepContext& step) override {
    const at::Tensor image = step.batch().at("image");
    const at::Tensor prediction = step.outputs().at("prediction").to(image.scalar_type());  // B×L×P
    // As loss.pixel_reconstruction reads it by default: in units of each true patch's deviation from its mean.
    const at::Tensor patches = vaso::patchify(image, patch_size_);
    const vaso::PatchStatistics truth = vaso::patch_statistics(patches);
    // What the encoder saw stands as it is.
    const at::Tensor masked = step.plan().state.eq(vaso::MaskPlan::mask).unsqueeze(-1);
    const at::Tensor made = at::where(masked, prediction * truth.deviation + truth.mean, patches);
    return (features(vaso::unpatchify(made, patch_size_)) - features(image)).square().mean();
  }

 private:
  at::Tensor features(const at::Tensor& image) {
    if (first_.options().device() != image.device() || first_.scalar_type() != image.scalar_type()) {
      first_ = first_.to(image.options());
      second_ = second_.to(image.options());
    }
    const at::Tensor middle = at::conv2d(image, first_, {}, /*stride=*/2, /*padding=*/1).tanh();
    return at::conv2d(middle, second_, {}, /*stride=*/2, /*padding=*/1);
  }

  std::int64_t patch_size_;
  at::Tensor first_, second_;  // channels × inputs × 3 × 3
};

}  // namespace

VASO_PLUGIN("loss.my_method", "0.1.0", "loss.my_method") {
  plugins.add<MyMethod, Params>("my_method",
                                "distance of a random network's features between reconstruction and image");
}
