// What a head answers to images of a pack, and how right that is.
#pragma once

#include "data/labelled_loader.hpp"
#include "metrics/report.hpp"
#include "train/finetune_network.hpp"
#include "vision/grey_image.hpp"

#include <c10/core/Device.h>

#include <functional>
#include <string>
#include <vector>

namespace vaso::train {

// The answer to one image, in pixels of that image.
struct Answer {
  std::vector<vision::GreyImage> masks;  // one per label, 255 inside; empty for heads that answer with boxes
  std::vector<Box> boxes;                // by falling score
  std::vector<double> scores;            // of the boxes
};

// Brings a network's outputs for images placed by data::fitted back to the images. sizes: height and width of each.
std::vector<Answer> answers(const Head& head, const at::Tensor& logits, const std::vector<Detections>& detections,
                            const std::vector<data::Placement>& placements,
                            const std::vector<std::pair<std::int64_t, std::int64_t>>& sizes);

class TaskEvaluation {
 public:
  // All outlive the evaluation. `device` is where the networks are.
  TaskEvaluation(const FinetuneRecipe& recipe, const std::vector<std::string>& labels, Head& head,
                 FinetuneNetwork& network, const c10::Device& device);

  // Runs the network, in evaluation mode and without gradient, over some records of a pack. `each`, where given, is
  // called with every record's position and answer. surfaces: also the surface distances, which take longer.
  metrics::Report run(const data::Pack& pack, const std::vector<std::int64_t>& records, bool surfaces,
                      const std::function<void(std::int64_t done, std::int64_t total)>& progress = {},
                      const std::function<void(std::int64_t record, const Answer&)>& each = {});

 private:
  const FinetuneRecipe& recipe_;
  const std::vector<std::string>& labels_;
  Head& head_;
  FinetuneNetwork& network_;
  c10::Device device_;
};

}  // namespace vaso::train
