#include "labels.hpp"
#include "layout.hpp"
#include "split_reader.hpp"

#include "data/listing.hpp"
#include "vision/image_io.hpp"
#include "vision/planes.hpp"

#include "sdk/dataset.hpp"
#include "sdk/plugin.hpp"

#include <fmt/format.h>

namespace {

using namespace vaso;
namespace fs = std::filesystem;

struct Params {
  std::string root;
  std::string task = "syntax";
  std::string labels = "auto";

  void describe(Schema& s) {
    s.field(root, "root", "folder of the unpacked archive, of either generation").path();
    s.field(task, "task", "which of the two sets of images").choices({"syntax", "stenosis"});
    s.field(labels, "labels",
            "vessel: the union of all segments; segments: the 25 segments; stenosis: lesions, with boxes; auto: vessel "
            "for syntax, stenosis for stenosis")
        .choices({"auto", "vessel", "segments", "stenosis"});
  }
};

arcade::Labels labels_of(const Params& params) {
  const bool lesions = params.task == "stenosis";
  if (params.labels == "auto") return arcade::Labels(lesions ? "stenosis" : "vessel");
  if (lesions != (params.labels == "stenosis")) {
    throw ParameterError("labels", fmt::format("task `{}` annotates {}", params.task,
                                               lesions ? "stenoses alone" : "vessel segments and no stenoses"));
  }
  return arcade::Labels(params.labels);
}

class Arcade final : public Dataset {
 public:
  Arcade(const Params& params, const RunShape&) : labels_(labels_of(params)) {
    if (params.root.empty()) throw ParameterError("root", "it needs the folder of the unpacked archive");
    const auto task = params.task == "syntax" ? arcade::Task::syntax : arcade::Task::stenosis;
    for (const arcade::SplitFolder& folder : arcade::find_splits(data::folder_at(params.root, "root"), task)) {
      arcade::Split split = arcade::read_split(folder, labels_);
      std::move(split.entries.begin(), split.entries.end(), std::back_inserter(entries_));
      std::move(split.faults.begin(), split.faults.end(), std::back_inserter(faults_));
      std::move(split.notes.begin(), split.notes.end(), std::back_inserter(notes_));
    }
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(entries_.size()); }
  RecordId id(std::int64_t index) const override { return at(index).id; }
  std::vector<std::string> labels() const override { return labels_.names(); }
  bool has_masks() const override { return true; }
  bool has_boxes() const override { return labels_.with_boxes(); }
  std::vector<Fault> faults() const override { return faults_; }
  std::vector<std::string> notes() const override { return notes_; }

  Record record(std::int64_t index) const override {
    const arcade::Entry& entry = at(index);
    const vision::GreyImage image = vision::read_grey(entry.id.files.front());
    if (image.width != entry.width || image.height != entry.height) {
      throw DataError({entry.id.files.front(),
                       fmt::format("is {}×{}, but {} says {}×{}", image.width, image.height, entry.id.files.back(),
                                   entry.width, entry.height),
                       "put the original image back: the outlines were drawn on it"});
    }
    Record record{entry.id, vision::to_tensor(image), {}, at::zeros({image.height, image.width}, at::kInt), {}};
    for (const arcade::Instance& instance : entry.instances) {
      const vision::GreyImage mask = annotations::rasterise(instance.polygons, image.height, image.width);
      auto* bits = record.labels.data_ptr<std::int32_t>();
      for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
        if (mask.pixels[i] != 0) bits[i] |= std::int32_t{1} << instance.label;
      }
      if (!labels_.with_boxes()) continue;
      record.boxes.push_back({instance.box.left, instance.box.top, instance.box.width, instance.box.height,
                              instance.label, static_cast<double>(annotations::count_pixels(mask)), false});
    }
    return record;
  }

 private:
  const arcade::Entry& at(std::int64_t index) const { return entries_.at(static_cast<std::size_t>(index)); }

  arcade::Labels labels_;
  std::vector<arcade::Entry> entries_;
  std::vector<Fault> faults_;
  std::vector<std::string> notes_;
};

}  // namespace

VASO_PLUGIN("dataset.arcade", "1.0.0", "dataset.arcade") {
  plugins.add<Arcade, Params>("arcade", "ARCADE: coronary arteries as one mask or 25 segments, or stenoses");
}
