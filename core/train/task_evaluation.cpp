#include "train/task_evaluation.hpp"

#include "data/image_name.hpp"
#include "metrics/box_scores.hpp"
#include "metrics/mask_scores.hpp"
#include "train/device.hpp"
#include "vision/planes.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

namespace vaso::train {
namespace {

using Size = std::pair<std::int64_t, std::int64_t>;

// The part of the input that the image covers: the rest is padding.
Size covered(const data::Placement& placement, const Size& size, std::int64_t side) {
  const auto cut = [side](double length) { return std::clamp<std::int64_t>(std::llround(length), 1, side); };
  return {cut(static_cast<double>(size.first) * placement.yy), cut(static_cast<double>(size.second) * placement.xx)};
}

// C×h×w bool to one plane per label.
std::vector<vision::GreyImage> planes(const at::Tensor& masks) {
  std::vector<vision::GreyImage> planes;
  const at::Tensor bytes = masks.to(at::kByte).mul(255).cpu();
  for (std::int64_t label = 0; label < bytes.size(0); ++label) planes.push_back(vision::to_grey(bytes[label]));
  return planes;
}

Answer boxes_of(const Detections& found, const data::Placement& placement, const Size& size) {
  Answer answer;
  const data::Placement back = placement.inverse();
  const at::Tensor boxes = found.boxes.to(at::kCPU, at::kDouble).contiguous();
  const at::Tensor scores = found.scores.to(at::kCPU, at::kDouble).contiguous();
  const at::Tensor labels = found.labels.to(at::kCPU, at::kLong).contiguous();
  const auto width = static_cast<double>(size.second), height = static_cast<double>(size.first);
  for (std::int64_t i = 0; i < boxes.size(0); ++i) {
    const double* edge = boxes.data_ptr<double>() + 4 * i;
    const auto [left, top] = back.apply(edge[0], edge[1]);
    const auto [right, bottom] = back.apply(edge[2], edge[3]);
    Box box;
    box.left = std::clamp(left, 0.0, width);
    box.top = std::clamp(top, 0.0, height);
    box.width = std::clamp(right, 0.0, width) - box.left;
    box.height = std::clamp(bottom, 0.0, height) - box.top;
    box.label = labels.data_ptr<std::int64_t>()[i];
    box.area = box.width * box.height;
    if (box.area <= 0) continue;  // within the padding
    answer.boxes.push_back(box);
    answer.scores.push_back(scores.data_ptr<double>()[i]);
  }
  return answer;
}

// The scores number images as they are added; the `image` of these is not looked at.
std::vector<metrics::TruthBox> truths(const std::vector<Box>& boxes) {
  std::vector<metrics::TruthBox> truths;
  for (const Box& box : boxes) {
    truths.push_back({0, box.label, box.left, box.top, box.width, box.height, box.area, box.crowd});
  }
  return truths;
}

std::vector<metrics::FoundBox> founds(const Answer& answer) {
  std::vector<metrics::FoundBox> founds;
  for (std::size_t i = 0; i < answer.boxes.size(); ++i) {
    const Box& box = answer.boxes[i];
    founds.push_back({0, box.label, box.left, box.top, box.width, box.height, answer.scores[i]});
  }
  return founds;
}

}  // namespace

std::vector<Answer> answers(const Head& head, const at::Tensor& logits, const std::vector<Detections>& detections,
                            const std::vector<data::Placement>& placements, const std::vector<Size>& sizes) {
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < placements.size(); ++i) {
    if (head.answer() == Head::Answer::boxes) {
      answers.push_back(boxes_of(detections[i], placements[i], sizes[i]));
      continue;
    }
    const auto [rows, columns] = covered(placements[i], sizes[i], logits.size(-1));
    const at::Tensor part =
        logits.narrow(0, static_cast<std::int64_t>(i), 1).narrow(2, 0, rows).narrow(3, 0, columns).to(at::kFloat);
    const at::Tensor whole = at::upsample_bilinear2d(part, {sizes[i].first, sizes[i].second}, /*align_corners=*/false);
    answers.push_back({planes(head.masks(whole)[0]), {}, {}});
  }
  return answers;
}

TaskEvaluation::TaskEvaluation(const FinetuneRecipe& recipe, const std::vector<std::string>& labels, Head& head,
                               FinetuneNetwork& network, const c10::Device& device)
    : recipe_(recipe), labels_(labels), head_(head), network_(network), device_(device) {}

metrics::Report TaskEvaluation::run(const data::Pack& pack, const std::vector<std::int64_t>& records, bool surfaces,
                                    const std::function<void(std::int64_t, std::int64_t)>& progress,
                                    const std::function<void(std::int64_t, const Answer&)>& each) {
  const bool masks = head_.answer() == Head::Answer::masks;
  const bool at_input = recipe_.task.evaluate_at == "input";
  data::LabelledRequest request;
  request.pack = &pack;
  request.records = records;
  request.side = recipe_.task.image_size;
  request.labels = static_cast<std::int64_t>(labels_.size());
  request.masks = masks && at_input;
  request.boxes = !masks;
  request.mean = recipe_.views.mean;
  request.deviation = recipe_.views.deviation;
  request.batch_size = recipe_.task.batch_size;
  data::LabelledLoader loader(request);

  metrics::MaskScoreOptions options;
  options.surface = surfaces;
  metrics::MaskScores mask_scores(labels_, options);
  metrics::BoxScores box_scores(labels_);
  const c10::NoGradGuard no_gradient;
  network_.train(false);
  loader.begin(0);
  data::LabelledImages images;
  for (std::int64_t done = 0; loader.next(images);) {
    const at::Tensor input = images.batch.image.to(device_);
    at::Tensor logits;
    std::vector<Detections> detections;
    {
      const Precision precision(recipe_.general.precision, device_);
      if (masks) {
        logits = head_.logits(network_.view(), input).to(at::kFloat);
      } else {
        detections = head_.detect(network_.view(), input);
      }
    }
    std::vector<Size> sizes;
    for (std::size_t i = 0; i < images.placements.size(); ++i) {
      const data::Plane image = pack.image(images.index[static_cast<std::int64_t>(i)].item<std::int64_t>());
      const Size size{image.height, image.width};
      sizes.push_back(masks && at_input ? covered(images.placements[i], size, recipe_.task.image_size) : size);
    }
    std::vector<data::Placement> placements = images.placements;
    if (masks && at_input) placements.assign(placements.size(), data::Placement{});
    const std::vector<Answer> found = answers(head_, logits, detections, placements, sizes);
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto position = static_cast<std::int64_t>(i);
      const std::int64_t record = images.index[position].item<std::int64_t>();
      const std::string name = data::image_name(pack.id(record));
      if (!masks) {
        box_scores.add(name, truths(pack.boxes(record)), founds(found[i]));
      } else if (at_input) {
        const auto [rows, columns] = sizes[i];
        mask_scores.add(name, planes(images.batch.masks[position].narrow(1, 0, rows).narrow(2, 0, columns) > 0.5),
                        found[i].masks);
      } else {
        std::vector<vision::GreyImage> truth;
        for (std::int64_t label = 0; label < request.labels; ++label) {
          truth.push_back(vision::to_grey(data::label_mask(pack, record, label)));
        }
        mask_scores.add(name, truth, found[i].masks);
      }
      if (each) each(record, found[i]);
    }
    done += static_cast<std::int64_t>(found.size());
    if (progress) progress(done, static_cast<std::int64_t>(records.size()));
  }
  return masks ? mask_scores.report() : box_scores.report();
}

}  // namespace vaso::train
