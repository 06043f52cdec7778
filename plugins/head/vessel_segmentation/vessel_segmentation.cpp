// One label against the rest, by default vessels: Dice + binary cross-entropy as in CheXWorld's fine-tuning
// (LeapLabTHU/CheXWorld, train_finetune_seg.py), which VasoMIM follows (arXiv 2602.11536).
#include "model/segmentation_head.hpp"
#include "sdk/plugin.hpp"

namespace {

struct Params : vaso::model::SegmentationParams {
  void describe(vaso::Schema& s) { SegmentationParams::describe(s, "bce_weight"); }
};

class VesselSegmentation final : public vaso::model::SegmentationHead {
 public:
  VesselSegmentation(const Params& params, const vaso::RunShape& run) : SegmentationHead(params, run) {}

 private:
  void accept(const std::vector<std::string>& labels) const override {
    if (labels.size() == 1) return;
    throw vaso::ParameterError("labels", vaso::model::labels_text(labels) +
                                             " and head.vessel_segmentation tells one from the rest: have the data set "
                                             "unite them into one, or use head.segment_segmentation");
  }
};

}  // namespace

VASO_PLUGIN("head.vessel_segmentation", "1.0.0", "head.vessel_segmentation") {
  plugins.add<VesselSegmentation, Params>("vessel_segmentation", "a mask of one label, such as all vessels");
}
