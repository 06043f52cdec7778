// What the segmentation heads share: their networks, losses, and the way from logits to masks. A head adds its defaults
// and the labels that it accepts (plugins/head/*_segmentation).
#pragma once

#include "sdk/head.hpp"
#include "sdk/schema.hpp"

#include <string>
#include <vector>

namespace vaso::model {

struct SegmentationParams {
  std::string decoder = "unet_adapter";
  std::vector<std::int64_t> layers;
  std::int64_t channels = 0;
  std::string norm = "bn";
  std::string up = "transposed";
  bool image_branch = true;
  double dropout = 0;
  double dice_weight = 1;
  std::string dice_over = "image";
  double pixel_weight = 1;  // of the cross-entropy; heads name it by its kind
  double cl_dice_weight = 0;
  std::int64_t cl_dice_iterations = 10;
  double threshold = 0.5;
  double prior = 0.01;

  // All of them; `pixel_weight_name` is "bce_weight" or "ce_weight".
  void describe(Schema& s, const char* pixel_weight_name);
};

// How labels share a pixel. `multilabel`: each has a sigmoid of its own, K = C. `softmax`: one label at most, K = 1 + C
// with the background first; where several are annotated, the one that stands last in the data set's list is painted on
// top.
enum class LabelMode { multilabel, softmax };

class SegmentationHead : public Head {
 public:
  // Throws ParameterError where parameters do not go together, or with the encoder or image size.
  SegmentationHead(SegmentationParams params, const RunShape& run, LabelMode mode = LabelMode::multilabel,
                   bool include_background = false);

  Answer answer() const override { return Answer::masks; }
  bool uses_encoder() const override;
  std::shared_ptr<torch::nn::Module> network(const std::vector<std::string>& labels) override;
  // As initialise_decoder(), but that the classifier gives every label the probability `prior` everywhere.
  void initialise(torch::nn::Module& network, std::uint64_t seed) const override;
  // "dice", "bce" (multilabel) or "ce" (softmax), and "cl_dice", each times its weight; those of weight 0 are left out.
  Bag losses(const HeadNetworks& networks, const LabelledBatch& batch, at::Generator generator) override;
  at::Tensor logits(const HeadNetworks& networks, const at::Tensor& image) override;
  at::Tensor masks(const at::Tensor& logits) const override;

 protected:
  // Throws ParameterError, field "labels", where the head cannot serve them.
  virtual void accept(const std::vector<std::string>& labels) const = 0;

 private:
  at::Tensor forward(const HeadNetworks& networks, const at::Tensor& image, at::Generator generator) const;
  void check() const;

  SegmentationParams params_;
  RunShape run_;
  LabelMode mode_;
  bool include_background_;
};

// B×C×H×W masks (0 or 1) to B×H×W int64 classes: 0 background, c + 1 label c; the last label of a pixel wins.
at::Tensor painted_classes(const at::Tensor& masks);

// 'the data set annotates 3 labels ("1", "2", "3")', for messages.
std::string labels_text(const std::vector<std::string>& labels);

}  // namespace vaso::model
