#include "report/known_series.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace vaso::report {
namespace {

struct Known {
  std::string_view name;  // of a test, without "test."
  Better better;
  const char* title;
};

constexpr Known scores[] = {{"dice", Better::higher, "Dice"},
                            {"cl_dice", Better::higher, "clDice"},
                            {"iou", Better::higher, "IoU"},
                            {"dice_global", Better::higher, "Dice of all pixels"},
                            {"iou_global", Better::higher, "IoU of all pixels"},
                            {"dice_medpy", Better::higher, "Dice (medpy)"},
                            {"dice_mmseg", Better::higher, "Dice (mmsegmentation)"},
                            {"dice_monai", Better::higher, "Dice (MONAI)"},
                            {"dice_monai_with_empty", Better::higher, "Dice (MONAI, with empty)"},
                            {"dice_nnunet", Better::higher, "Dice (nnU-Net)"},
                            {"precision", Better::higher, "precision"},
                            {"recall", Better::higher, "recall"},
                            {"hd95", Better::lower, "HD95"},
                            {"assd", Better::lower, "ASSD"},
                            {"ap", Better::higher, "mAP"},
                            {"ap50", Better::higher, "mAP50"},
                            {"ap75", Better::higher, "mAP75"},
                            {"ap_small", Better::higher, "mAP small"},
                            {"ap_medium", Better::higher, "mAP medium"},
                            {"ap_large", Better::higher, "mAP large"},
                            {"ar1", Better::higher, "AR1"},
                            {"ar10", Better::higher, "AR10"},
                            {"ar100", Better::higher, "AR100"},
                            {"ar_small", Better::higher, "AR small"},
                            {"ar_medium", Better::higher, "AR medium"},
                            {"ar_large", Better::higher, "AR large"},
                            {"box_precision", Better::higher, "box precision"},
                            {"box_recall", Better::higher, "box recall"},
                            {"box_f1", Better::higher, "box F1"}};

// Of training itself, which readers know by their names in the log. A masked share is neither good nor bad: it says
// what the masking did.
constexpr Known of_training[] = {{"loss", Better::lower, "loss"},
                                 {"bce", Better::lower, "bce"},    // of the segmentor,
                                 {"dice", Better::lower, "dice"},  // where this is a loss
                                 {"images_per_second", Better::higher, "images_per_second"}};

template <std::size_t n>
const Known* find(const Known (&table)[n], std::string_view name) {
  const auto found = std::find_if(table, table + n, [&](const Known& known) { return known.name == name; });
  return found == table + n ? nullptr : found;
}

const Known* known(std::string_view series) {
  for (const std::string_view prefix : {"test.", "val."}) {
    if (series.starts_with(prefix)) return find(scores, series.substr(prefix.size()));
  }
  return find(of_training, series);
}

}  // namespace

Better better_direction(const std::string& series) {
  if (series.starts_with("loss.")) return Better::lower;  // the parts of a loss
  const Known* found = known(series);
  return found == nullptr ? Better::neither : found->better;
}

std::string title_of(const std::string& series) {
  const Known* found = known(series);
  if (found == nullptr) return series;
  return (series.starts_with("val.") ? "validation " : "") + std::string(found->title);
}

const std::vector<std::string>& usual_metrics(const std::string& phase) {
  static const std::vector<std::string> finetune = {"test.dice", "test.cl_dice", "test.ap50", "test.ap75", "test.ap"};
  static const std::vector<std::string> pretrain = {"loss", "masked_vessel_share"};
  static const std::vector<std::string> segmentor = {"loss"};
  return phase == "finetune" ? finetune : phase == "pretrain" ? pretrain : segmentor;
}

}  // namespace vaso::report
