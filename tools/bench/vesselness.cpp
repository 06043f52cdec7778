// Vessel filters and their masks, on one thread, over generated frames.
#include "bench.hpp"
#include "frames.hpp"

#include "vision/vesselness.hpp"

#include <fmt/format.h>

namespace vaso::bench {
namespace {

class Vesselness final : public Bench {
 public:
  void describe(Schema& s) override {
    s.field(side_, "side", "of the square frames").range(64, 4096).unit("px");
    s.field(frames_, "frames", "how many different ones a repetition goes through").range(1, 10000);
    s.field(sigmas_, "sigmas", "scales of the filters, standard deviations").range(0.3, 50).unit("px");
  }

  std::vector<Figure> measure(const Request& request) override {
    std::vector<vision::GreyImage> images;
    for (std::int64_t i = 0; i < frames_; ++i) images.push_back(frame(side_, static_cast<std::uint64_t>(i)));
    const std::string size = fmt::format("{}×{}", side_, side_);
    std::vector<Figure> figures;
    const auto add = [&](const std::string& what, const std::function<void(const vision::GreyImage&)>& work) {
      request.stage(what);
      Figure figure{fmt::format("{}, {}", what, size), "ms/image", {}, false, 0, ""};
      const auto seconds = seconds_each(request, [&] {
        for (const vision::GreyImage& image : images) work(image);
      });
      for (const double each : seconds) figure.values.push_back(1e3 * each / static_cast<double>(frames_));
      figures.push_back(std::move(figure));
    };
    vision::FrangiOptions options;
    options.sigmas = sigmas_;
    add("sato: filter and released mask",
        [&](const vision::GreyImage& image) { vision::released_mask(vision::sato(image, sigmas_, 20), 20); });
    add("sato: filter alone", [&](const vision::GreyImage& image) { vision::sato(image, sigmas_, 20); });
    add("frangi: filter and mask",
        [&](const vision::GreyImage& image) { vision::component_mask(vision::frangi(image, options), 20, 92, 64); });
    add("frangi: filter alone", [&](const vision::GreyImage& image) { vision::frangi(image, options); });
    return figures;
  }

 private:
  std::int64_t side_ = 512, frames_ = 20;
  std::vector<double> sigmas_{1, 2, 3, 4};
};

}  // namespace

std::unique_ptr<Bench> vesselness() { return std::make_unique<Vesselness>(); }

}  // namespace vaso::bench
