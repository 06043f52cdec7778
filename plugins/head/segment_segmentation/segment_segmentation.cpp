// Several labels at once, such as the 25 segments of the SYNTAX score. One label a pixel (softmax), or each by itself.
#include "model/segmentation_head.hpp"
#include "sdk/plugin.hpp"

namespace {

using vaso::model::LabelMode;

struct Params : vaso::model::SegmentationParams {
  std::string mode = "softmax";
  bool include_background = false;
  Params() { dice_over = "batch"; }
  void describe(vaso::Schema& s) {
    s.field(mode, "mode",
            "softmax = one label a pixel, the later one of the data set's list on top; multilabel = each by itself")
        .choices({"softmax", "multilabel"});
    s.field(include_background, "include_background", "softmax: the background counts in the Dice loss as well");
    SegmentationParams::describe(s, "ce_weight");
  }
  LabelMode label_mode() const { return mode == "softmax" ? LabelMode::softmax : LabelMode::multilabel; }
};

class SegmentSegmentation final : public vaso::model::SegmentationHead {
 public:
  SegmentSegmentation(const Params& params, const vaso::RunShape& run)
      : SegmentationHead(params, run, params.label_mode(), params.include_background) {
    if (params.label_mode() == LabelMode::multilabel) {
      if (!params.include_background) return;
      throw vaso::ParameterError("include_background", "there is no background channel with mode = \"multilabel\"");
    }
    if (params.threshold != Params().threshold) {
      throw vaso::ParameterError("threshold", "with mode = \"softmax\" the most probable label wins, whatever it is");
    }
  }

 private:
  void accept(const std::vector<std::string>& labels) const override {
    if (labels.size() >= 2) return;
    throw vaso::ParameterError("labels", vaso::model::labels_text(labels) +
                                             " and head.segment_segmentation is for two and more: have the data set "
                                             "keep its segments apart, or use head.vessel_segmentation");
  }
};

}  // namespace

VASO_PLUGIN("head.segment_segmentation", "1.0.0", "head.segment_segmentation") {
  plugins.add<SegmentSegmentation, Params>("segment_segmentation", "masks of several labels: softmax or multi-label");
}
