// A segmentation head on its encoder, applied to images: how long one image takes, and how many a second in batches.
#include "bench.hpp"

#include "model/segmentation_head.hpp"
#include "model/vit.hpp"
#include "train/clock.hpp"
#include "train/device.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

namespace vaso::bench {
namespace {

class VesselHead final : public model::SegmentationHead {
 public:
  using SegmentationHead::SegmentationHead;

 protected:
  void accept(const std::vector<std::string>&) const override {}
};

double percentile(std::vector<double> values, double share) {
  const auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + place, values.end());
  return values[static_cast<std::size_t>(place)];
}

class InferenceBench final : public Bench {
 public:
  void describe(Schema& s) override {
    s.field(model_, "model", "the encoder").choices({"vit_ti", "vit_s", "vit_b", "vit_l", "vit_h"});
    s.field(decoder_, "decoder", "of the head").choices({"unet_adapter", "upernet", "linear", "unet"});
    s.field(size_, "size", "side of the images; a multiple of 16").range(16, 4096).unit("px");
    s.field(batch_, "batch", "images at a time where the rate is measured").range(1, 4096);
    s.field(images_, "images", "one by one in a repetition, for the percentiles").range(1, 100000);
    s.field(precision_, "precision", "of the forward pass").choices({"fp32", "bf16"});
    s.field(device_, "device", "where to compute").choices({"cpu", "cuda", "auto"});
  }

  std::vector<Figure> measure(const Request& request) override {
    const c10::Device device = train::choose_device(device_);
    request.stage(fmt::format("making {} with {}", model_, decoder_));
    model::VitShape shape = model::vit_shape(model_);
    shape.image_size = size_;
    RunShape run;
    run.image_size = size_;
    run.encoder_dim = shape.dim;
    run.encoder_depth = shape.depth;
    run.encoder_heads = shape.heads;
    model::SegmentationParams params;
    params.decoder = decoder_;
    VesselHead head(params, run);
    const auto network = head.network({"vessel"});
    head.initialise(*network, 1);
    network->to(device);
    network->eval();
    std::shared_ptr<model::Vit> encoder;
    if (head.uses_encoder()) {
      encoder = std::make_shared<model::Vit>(shape);
      model::initialise(*encoder, 1);
      encoder->to(device);
      encoder->eval();
    }
    const HeadNetworks networks{encoder.get(), network.get()};
    const auto apply = [&](const at::Tensor& image) {
      const at::NoGradGuard no_gradient;
      const train::Precision precision(precision_, device);
      head.masks(head.logits(networks, image))[0][0][0][0].item<bool>();  // waits for a GPU
    };

    request.stage(fmt::format("{} images of {}×{}, one by one", images_, size_, size_));
    const at::Tensor one = noise(1).to(device), many = noise(batch_).to(device);
    Figure half{"one image, half within", "ms", {}, false, 0, ""},
        most{"one image, 90 % within", "ms", {}, false, 0, ""},
        nearly_all{"one image, 99 % within", "ms", {}, false, 0, ""};
    const auto passes = seconds_each(request, [&] {
      std::vector<double> latencies;
      for (std::int64_t i = 0; i < images_; ++i) {
        const train::Clock clock;
        apply(one);
        latencies.push_back(1e3 * clock.seconds());
      }
      half.values.push_back(percentile(latencies, 0.5));
      most.values.push_back(percentile(latencies, 0.9));
      nearly_all.values.push_back(percentile(latencies, 0.99));
    });
    for (Figure* figure : {&half, &most, &nearly_all}) figure->values.erase(figure->values.begin());
    Figure alone{"images, one at a time", "images/s", {}, true, 0, ""};
    for (const double each : passes) alone.values.push_back(static_cast<double>(images_) / each);

    request.stage(fmt::format("batches of {}", batch_));
    Figure together{fmt::format("images, {} at a time", batch_), "images/s", {}, true, 0, ""};
    for (const double each : seconds_each(request, [&] { apply(many); })) {
      together.values.push_back(static_cast<double>(batch_) / each);
    }
    return {half, most, nearly_all, alone, together};
  }

 private:
  at::Tensor noise(std::int64_t count) const {
    return at::rand({count, 3, size_, size_}, train::make_generator(c10::kCPU, 1));
  }

  std::string model_ = "vit_b", decoder_ = "unet_adapter", precision_ = "fp32", device_ = "cpu";
  std::int64_t size_ = 224, batch_ = 8, images_ = 10;
};

}  // namespace

std::unique_ptr<Bench> inference() { return std::make_unique<InferenceBench>(); }

}  // namespace vaso::bench
