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
  std::int64_t border = 20;
  double percentile = 92;
  std::string output = "mask";
  std::string grow = "maximum";

  void describe(Schema& s) {
    s.field(sigmas, "sigmas", "scales of the filter, standard deviations").range(0.3, 50).unit("px");
    s.field(border, "border", "frame of the image that is erased").range(0, 4096).unit("px");
    s.field(percentile, "percentile", "of all pixels, the erased ones included; the mask keeps what is at or above it")
        .range(0, 100);
    s.field(output, "output", "\"mask\" of 0 and 255, or the \"response\" scaled so that its maximum is 255")
        .choices({"mask", "response"});
    s.field(grow, "grow",
            "mask: \"maximum\" keeps the one component that holds the strongest response, \"all\" keeps every one")
        .choices({"maximum", "all"});
  }
};

class Sato final : public GuidanceSource {
 public:
  Sato(const Params& params, const RunShape&) : params_(params) {
    if (params_.sigmas.empty()) throw ParameterError("sigmas", "it needs at least one scale");
  }
  Stage stage() const override { return Stage::image; }

  at::Tensor map(const Record& record) const override {
    const vision::GreyImage image = vision::to_grey(record.image);
    vision::check_border(image, params_.border, record.id.name);
    vision::FloatImage response = cuda::filtering_on_gpu() ? cuda::sato(image, params_.sigmas)
                                                           : vision::sato(image, params_.sigmas, params_.border);
    return vision::to_tensor(params_.output == "mask"
                                 ? vision::released_mask(response, params_.border, params_.percentile, grow())
                                 : scaled(std::move(response)));
  }

 private:
  vision::Grow grow() const { return params_.grow == "all" ? vision::Grow::all : vision::Grow::maximum; }

  vision::GreyImage scaled(vision::FloatImage response) const {
    vision::erase_border(response, params_.border);
    const float largest = *std::max_element(response.pixels.begin(), response.pixels.end());
    vision::GreyImage grey(response.height, response.width);
    if (largest < 1e-3f) return grey;  // a flat image
    std::transform(response.pixels.begin(), response.pixels.end(), grey.pixels.begin(),
                   [largest](float value) { return static_cast<std::uint8_t>(255 * value / largest + 0.5f); });
    return grey;
  }

  Params params_;
};

}  // namespace

VASO_PLUGIN("guidance.sato", "1.0.0", "guidance.sato") {
  plugins.add<Sato, Params>(
      "sato", "the released VasoMIM filter and mask, to the pixel: Sato tubeness, percentile, one component");
}
