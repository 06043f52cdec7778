// Stenoses as masks. The same networks as for vessels; the weights of the losses are those for small objects.
#include "model/segmentation_head.hpp"
#include "sdk/plugin.hpp"

namespace {

struct Params : vaso::model::SegmentationParams {
  // A lesion covers two pixels in a thousand. The cross-entropy, a mean over all pixels, mostly asks for background;
  // the Dice loss does not depend on the size of what is sought, and leads here.
  Params() { pixel_weight = 0.2; }
  void describe(vaso::Schema& s) { SegmentationParams::describe(s, "bce_weight"); }
};

class StenosisSegmentation final : public vaso::model::SegmentationHead {
 public:
  StenosisSegmentation(const Params& params, const vaso::RunShape& run) : SegmentationHead(params, run) {}

 private:
  void accept(const std::vector<std::string>& labels) const override {
    if (labels.size() == 1) return;
    throw vaso::ParameterError("labels", vaso::model::labels_text(labels) +
                                             " and head.stenosis_segmentation knows stenoses alone: choose the data "
                                             "set's stenosis task, or use head.segment_segmentation");
  }
};

}  // namespace

VASO_PLUGIN("head.stenosis_segmentation", "1.0.0", "head.stenosis_segmentation") {
  plugins.add<StenosisSegmentation, Params>("stenosis_segmentation",
                                            "masks of stenoses, with losses for small objects");
}
