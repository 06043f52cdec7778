#include "leak.hpp"
#include "sources.hpp"

#include "data/listing.hpp"
#include "data/split.hpp"
#include "vision/image_io.hpp"
#include "vision/planes.hpp"

#include "sdk/dataset.hpp"
#include "sdk/plugin.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace {

using namespace vaso;

struct Params {
  std::string root;
  std::string annotations = "auto";
  std::string corners = "labelimg";
  std::string split = "auto";
  std::vector<double> shares = {7492, 0, 833};
  std::int64_t seed = 0;

  void describe(Schema& s) {
    s.field(root, "root", "folder with the frames and their annotations").path();
    s.field(annotations, "annotations",
            "voc: XML beside each image; yolo: text in `labels`; coco: JSON; auto: whichever is there")
        .choices({"auto", "voc", "yolo", "coco"});
    s.field(corners, "corners",
            "of voc: labelimg = corner points, the box is xmin to xmax; pascal = pixels counted from 1, both inside")
        .choices({"labelimg", "pascal"});
    s.field(split, "split",
            "folder: train, val and test folders as they are; paper: random frames, which leaks; patient: whole "
            "patients; auto: folder where there are such folders, else patient")
        .choices({"auto", "folder", "paper", "patient"});
    s.field(shares, "shares", "of paper and patient: train, val, test in any unit; the default is the paper's frames")
        .at_least(0)
        .length(3);
    s.field(seed, "seed", "of paper and patient: another seed is another split").at_least(0);
  }
};

stenosis::Source read(const Params& params) {
  const auto root = data::folder_at(params.root, "root");
  const std::string form = params.annotations == "auto" ? stenosis::find_form(root) : params.annotations;
  if (form != "voc" && params.corners != "labelimg")
    throw ParameterError("corners", "it belongs to VOC annotations, but these are " + form);
  if (form == "coco") return stenosis::read_coco_files(root);
  if (form == "yolo") return stenosis::read_yolo_files(root);
  return stenosis::read_voc_files(
      root, params.corners == "pascal" ? annotations::VocCorners::pascal : annotations::VocCorners::labelimg);
}

class Stenosis final : public Dataset {
 public:
  Stenosis(const Params& params, const RunShape&) {
    if (params.root.empty()) throw ParameterError("root", "it needs the folder with the frames");
    stenosis::Source source = read(params);
    entries_ = std::move(source.entries);
    faults_ = std::move(source.faults);
    notes_ = std::move(source.notes);
    if (entries_.empty() && faults_.empty())
      throw DataError({params.root, "holds no image", "images end in .png .jpg .jpeg .bmp .tif .tiff .pgm"});
    divide(params);
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(entries_.size()); }
  RecordId id(std::int64_t index) const override { return at(index).id; }
  std::vector<std::string> labels() const override { return {"stenosis"}; }
  bool has_boxes() const override { return true; }
  std::vector<Fault> faults() const override { return faults_; }
  std::vector<std::string> notes() const override { return notes_; }

  Record record(std::int64_t index) const override {
    const stenosis::Entry& entry = at(index);
    const vision::GreyImage image = vision::read_grey(entry.id.files.front());
    if (entry.width > 0 && entry.height > 0 && (image.width != entry.width || image.height != entry.height)) {
      throw DataError({entry.id.files.front(),
                       fmt::format("is {}×{}, but {} says {}×{}", image.width, image.height, entry.id.files.back(),
                                   entry.width, entry.height),
                       "put the original image back, or scale the boxes with it"});
    }
    Record record{entry.id, vision::to_tensor(image), {}, {}, entry.boxes};
    for (Box& box : record.boxes) {
      if (!entry.relative) break;
      box.left *= static_cast<double>(image.width);
      box.width *= static_cast<double>(image.width);
      box.top *= static_cast<double>(image.height);
      box.height *= static_cast<double>(image.height);
      box.area = box.width * box.height;
    }
    return record;
  }

 private:
  const stenosis::Entry& at(std::int64_t index) const { return entries_.at(static_cast<std::size_t>(index)); }

  void divide(const Params& params) {
    const bool folders =
        std::any_of(entries_.begin(), entries_.end(), [](const auto& entry) { return !entry.id.split.empty(); });
    const std::string split = params.split == "auto" ? (folders ? "folder" : "patient") : params.split;
    if (split == "folder") {
      if (!folders && !entries_.empty())
        throw ParameterError("split", "no folder is called train, val or test; take \"patient\" or \"paper\"");
      check_folders();
    } else {
      draw(split, data::train_val_test(params.shares, "shares"), static_cast<std::uint64_t>(params.seed));
    }
    tell(split, params.seed);
  }

  void check_folders() {
    for (const stenosis::Entry& entry : entries_) {
      if (!entry.id.split.empty()) continue;
      faults_.push_back({entry.id.files.front(), "is in no folder train, val or test, but others are",
                         "move it into one of them, or set split = \"patient\""});
    }
  }

  void draw(const std::string& split, const data::Shares& shares, std::uint64_t seed) {
    std::vector<std::string> groups;
    for (const stenosis::Entry& entry : entries_) {
      const bool together = split == "patient" && !entry.id.patient.empty();
      groups.push_back(together ? "patient " + entry.id.patient : "frame " + entry.id.name);
    }
    const std::vector<std::string> drawn = data::split_by_group(groups, shares, seed);
    for (std::size_t i = 0; i < entries_.size(); ++i) entries_[i].id.split = drawn[i];
  }

  void tell(const std::string& split, std::int64_t seed) {
    std::vector<RecordId> ids;
    std::map<std::string, std::int64_t> counts;
    for (const stenosis::Entry& entry : entries_) {
      ids.push_back(entry.id);
      ++counts[entry.id.split];
    }
    const std::string how = split == "folder"  ? "by folder"
                            : split == "paper" ? fmt::format("random frames, seed {}", seed)
                                               : fmt::format("whole patients, seed {}", seed);
    notes_.push_back(fmt::format("split `{}` ({}): {} train, {} val, {} test", split, how, counts["train"],
                                 counts["val"], counts["test"]));
    if (counts["test"] > 0) notes_.push_back(to_text(stenosis::leak_of(ids)));
  }

  std::vector<stenosis::Entry> entries_;
  std::vector<Fault> faults_;
  std::vector<std::string> notes_;
};

}  // namespace

VASO_PLUGIN("dataset.stenosis", "1.0.0", "dataset.stenosis") {
  plugins.add<Stenosis, Params>("stenosis", "Danilov's stenosis set: boxes as Pascal VOC, YOLO text or COCO JSON");
}
