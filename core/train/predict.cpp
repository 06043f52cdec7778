#include "train/predict.hpp"

#include "annotations/coco_json.hpp"
#include "data/image_name.hpp"
#include "data/legend.hpp"
#include "data/placement.hpp"
#include "report/csv_field.hpp"
#include "train/atomic_file.hpp"
#include "train/device.hpp"
#include "train/task_evaluation.hpp"
#include "train/task_picture.hpp"
#include "vision/image_io.hpp"
#include "vision/planes.hpp"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace vaso::train {
namespace {

namespace fs = std::filesystem;

constexpr double kDrawnScore = 0.3;

fs::path file_for(const fs::path& folder, const RecordId& id) {
  return (folder / id.source / id.name).replace_extension(".png");
}

void write(const fs::path& file, const auto& image) {
  fs::create_directories(file.parent_path());
  vision::write_png(file, image);
}

void write_text(const fs::path& file, const std::string& text) {
  AtomicFile out(file, text.size());
  out.write(text.data(), text.size());
  out.commit();
}

// One plane of all masks.
vision::GreyImage label_map(const std::vector<vision::GreyImage>& masks) {
  vision::GreyImage map(masks.front().height, masks.front().width);
  for (std::size_t label = 0; label < masks.size(); ++label) {
    const auto value = static_cast<std::uint8_t>(masks.size() == 1 ? 255 : label + 1);
    for (std::size_t i = 0; i < map.pixels.size(); ++i) {
      if (masks[label].pixels[i] != 0) map.pixels[i] = value;
    }
  }
  return map;
}

class Prediction {
 public:
  Prediction(TrainedModel& model, const PredictRequest& request)
      : model_(model), request_(request), device_(choose_device(request.device)) {
    model_.network().to(device_);
    model_.network().train(false);
    for (std::size_t label = 0; label < model.labels().size(); ++label) {
      images_.categories.push_back({static_cast<std::int64_t>(label) + 1, model.labels()[label]});
    }
  }

  void apply(const std::vector<Record>& records) {
    const std::int64_t side = model_.recipe().task.image_size;
    at::Tensor input = at::empty({static_cast<std::int64_t>(records.size()), 3, side, side});
    std::vector<data::Placement> placements;
    std::vector<std::pair<std::int64_t, std::int64_t>> sizes;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const at::Tensor image = records[i].image.contiguous();
      sizes.emplace_back(image.size(0), image.size(1));
      placements.push_back(data::fitted(image.size(0), image.size(1), side));
      input[static_cast<std::int64_t>(i)] = normalised(image, placements.back(), side);
    }
    const c10::NoGradGuard no_gradient;
    const Precision precision(model_.recipe().general.precision, device_);
    at::Tensor logits;
    std::vector<Detections> detections;
    if (model_.head().answer() == Head::Answer::masks) {
      logits = model_.head().logits(model_.network().view(), input.to(device_)).to(at::kFloat);
    } else {
      detections = model_.head().detect(model_.network().view(), input.to(device_));
    }
    const std::vector<Answer> found = answers(model_.head(), logits, detections, placements, sizes);
    for (std::size_t i = 0; i < records.size(); ++i) keep(records[i], found[i]);
  }

  Predicted finish() {
    if (model_.head().answer() == Head::Answer::masks) {
      nlohmann::ordered_json labels;
      for (std::size_t label = 0; label < model_.labels().size(); ++label) {
        labels[model_.labels()[label]] = model_.labels().size() == 1 ? 255 : label + 1;
      }
      write_text(request_.out / "labels.json", labels.dump(2) + "\n");
    } else {
      annotations::write_coco(request_.out / "images.json", images_);
      annotations::write_coco_detections(request_.out / "detections.json", detections_);
    }
    write_text(request_.out / "files.csv", files_);
    predicted_.inside /= std::max<double>(1.0, static_cast<double>(predicted_.images));
    return predicted_;
  }

 private:
  // 3×S×S.
  at::Tensor normalised(const at::Tensor& image, const data::Placement& placement, std::int64_t side) const {
    at::Tensor pixels = at::empty({side, side}, at::kByte);
    data::place_image({image.data_ptr<std::uint8_t>(), image.size(0), image.size(1)}, placement, side,
                      pixels.data_ptr<std::uint8_t>());
    const experiment::Views& views = model_.recipe().views;
    const at::Tensor mean = at::tensor(views.mean, at::kFloat).view({3, 1, 1});
    const at::Tensor deviation = at::tensor(views.deviation, at::kFloat).view({3, 1, 1});
    return (pixels.to(at::kFloat).unsqueeze(0) / 255 - mean) / deviation;
  }

  void keep(const Record& record, const Answer& answer) {
    ++predicted_.images;
    const std::string name = data::image_name(record.id);
    files_ += fmt::format("{},{},{}\n", report::csv_field(name),
                          report::csv_field(record.id.files.empty() ? "" : record.id.files.front()),
                          record.id.frame < 0 ? "" : std::to_string(record.id.frame));
    if (!answer.masks.empty()) {
      const vision::GreyImage map = label_map(answer.masks);
      predicted_.inside += 1 - static_cast<double>(std::count(map.pixels.begin(), map.pixels.end(), 0)) /
                                   static_cast<double>(map.pixels.size());
      write(file_for(request_.out / "masks", record.id), map);
    } else {
      images_.images.push_back({predicted_.images, name, record.image.size(1), record.image.size(0)});
      for (std::size_t i = 0; i < answer.boxes.size(); ++i) {
        const Box& box = answer.boxes[i];
        if (answer.scores[i] < request_.least_score) continue;
        detections_.push_back(
            {predicted_.images, box.label + 1, {box.left, box.top, box.width, box.height}, answer.scores[i]});
        ++predicted_.boxes;
      }
    }
    if (request_.overlays) {
      const vision::ColourImage picture =
          draw_answer(vision::to_grey(record.image), answer, std::max(kDrawnScore, request_.least_score));
      write(file_for(request_.out / "overlays", record.id),
            model_.labels().size() > 1 ? data::with_legend(picture, model_.labels()) : picture);
    }
  }

  TrainedModel& model_;
  const PredictRequest& request_;
  c10::Device device_;
  annotations::CocoFile images_;
  std::vector<annotations::CocoDetection> detections_;
  std::string files_ = "name,file,frame\n";
  Predicted predicted_;
};

}  // namespace

Predicted predict(TrainedModel& model, const Dataset& images, const PredictRequest& request, Reporter& reporter) {
  fs::create_directories(request.out);
  Prediction prediction(model, request);
  std::vector<Record> batch;
  for (std::int64_t i = 0; i < images.size(); ++i) {
    if (reporter.stop_requested()) throw Interrupted(fmt::format("stopped after {} of {} images", i, images.size()));
    batch.push_back(images.record(i));
    if (static_cast<std::int64_t>(batch.size()) < request.batch_size && i + 1 < images.size()) continue;
    prediction.apply(batch);
    batch.clear();
    reporter.progress(i + 1, images.size(), "images");
  }
  return prediction.finish();
}

}  // namespace vaso::train
