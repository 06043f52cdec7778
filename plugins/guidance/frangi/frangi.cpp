#include "cuda/vessel_filter.hpp"
#include "vision/planes.hpp"
#include "vision/vesselness.hpp"

#include "sdk/guidance.hpp"
#include "sdk/plugin.hpp"

#include <algorithm>

namespace {

using namespace vaso;

struct Params {
  std::vector<double> sigmas{1, 2, 3, 4};
  double beta = 0.5;
  double c = 0;
  double percentile = 92;
  std::int64_t min_area = 64;
  std::int64_t border = 20;
  std::string output = "mask";

  void describe(Schema& s) {
    s.field(sigmas, "sigmas", "scales of the filter, standard deviations").range(0.3, 50).unit("px");
    s.field(beta, "beta", "how blob-like a vessel may be").range(0.01, 100);
    s.field(c, "c", "how strong a vessel must be; 0 = half the largest Hessian norm of the image, at each scale")
        .at_least(0)
        .unit("grey levels");
    s.field(percentile, "percentile", "of the pixels inside the border; the mask keeps what is at or above it")
        .range(0, 100);
    s.field(min_area, "min_area", "smaller components are dropped from the mask (8 neighbours)").at_least(0).unit("px");
    s.field(border, "border", "frame of the image that is erased").range(0, 4096).unit("px");
    s.field(output, "output", "\"mask\" of 0 and 255, or the \"response\" in [0,1] times 255")
        .choices({"mask", "response"});
  }
};

class Frangi final : public GuidanceSource {
 public:
  Frangi(const Params& params, const RunShape&) : params_(params) {
    if (params_.sigmas.empty()) throw ParameterError("sigmas", "it needs at least one scale");
  }
  Stage stage() const override { return Stage::image; }

  at::Tensor map(const Record& record) const override {
    const vision::GreyImage image = vision::to_grey(record.image);
    vision::check_border(image, params_.border, record.id.name);
    const vision::FrangiOptions options{params_.sigmas, params_.beta, params_.c};
    vision::FloatImage response =
        cuda::filtering_on_gpu() ? cuda::frangi(image, options) : vision::frangi(image, options);
    return vision::to_tensor(params_.output == "mask" ? vision::component_mask(response, params_.border,
                                                                               params_.percentile, params_.min_area)
                                                      : to_bytes(std::move(response)));
  }

 private:
  vision::GreyImage to_bytes(vision::FloatImage response) const {
    vision::erase_border(response, params_.border);
    vision::GreyImage grey(response.height, response.width);
    std::transform(response.pixels.begin(), response.pixels.end(), grey.pixels.begin(),
                   [](float value) { return static_cast<std::uint8_t>(255 * value + 0.5f); });
    return grey;
  }

  Params params_;
};

}  // namespace

VASO_PLUGIN("guidance.frangi", "1.0.0", "guidance.frangi") {
  plugins.add<Frangi, Params>("frangi",
                              "Frangi 1998 vesselness of dark tubes; mask by percentile and size of components");
}
