#include "data/listing.hpp"
#include "data/mask_pairs.hpp"
#include "data/mask_values.hpp"
#include "data/projection.hpp"
#include "data/split.hpp"
#include "vision/image_io.hpp"
#include "vision/planes.hpp"

#include "sdk/dataset.hpp"
#include "sdk/plugin.hpp"

#include <fmt/format.h>

#include <regex>

namespace {

using namespace vaso;
namespace fs = std::filesystem;

struct Params {
  std::string root;
  std::string part = "labelled";
  std::vector<double> split;
  std::int64_t split_seed = 0;

  void describe(Schema& s) {
    s.field(root, "root", "XCAD's folder, which holds test/ and train/").path();
    s.field(part, "part", "\"labelled\": the test pairs; \"frames\": the contrast frames of train/, without labels")
        .choices({"labelled", "frames"});
    s.field(split, "split", "shares of train, val, test of the labelled pairs, drawn by run; [] = all are test")
        .at_least(0);
    s.field(split_seed, "split_seed", "seed of that draw").at_least(0);
  }
};

struct Entry {
  RecordId id;
  fs::path image, mask;  // mask: "" = none
};

// The first of these that is a folder below root.
fs::path first_folder(const fs::path& root, const std::vector<std::string>& names, const std::string& what) {
  for (const std::string& name : names) {
    std::error_code error;
    if (fs::is_directory(root / name, error)) return root / name;
  }
  throw DataError({root, fmt::format("holds no {} (looked for {})", what, fmt::join(names, ", ")),
                   "name the folder that holds test/ and train/ in `root` of dataset.xcad"});
}

// Test pairs are RUN_FRAME; training frames RUN_PPA_ANGLE_PSA_ANGLE_FRAME, with the angles of the positioner in
// degrees.
void read_name(const std::string& stem, RecordId& id) {
  static const std::regex test(R"((\d+)_(\d+))"), train(R"((\d+)_PPA_(-?\d+)_PSA_(-?\d+)_(\d+))");
  std::smatch match;
  const auto number = [&](std::size_t group) {
    return match.length(group) < 18 ? std::stoll(match.str(group)) : std::int64_t{-1};
  };
  if (std::regex_match(stem, match, test)) {
    id.patient = id.sequence = match.str(1);
    id.frame = number(2);
  } else if (std::regex_match(stem, match, train)) {
    id.patient = match.str(1);
    id.sequence =
        id.patient + " " + data::projection_name(static_cast<double>(number(2)), static_cast<double>(number(3)));
    id.frame = number(4);
  }
}

class Xcad final : public Dataset {
 public:
  Xcad(const Params& params, const RunShape&) : labelled_(params.part == "labelled") {
    if (!labelled_ && !params.split.empty())
      throw ParameterError("split", "it divides the labelled pairs; part = \"frames\" has no labels");
    const fs::path root = data::folder_at(params.root, "root");
    if (labelled_) {
      add_pairs(root);
      divide(params);
    } else {
      const fs::path frames = first_folder(root, {"train/trainB", "train/img", "trainB"}, "training frames");
      for (const fs::path& image : data::images_under(frames, false)) add(root, image, {}, "train");
    }
    if (entries_.empty() && faults_.empty())
      throw DataError({root, "holds no " + std::string(labelled_ ? "pair" : "frame"), "copy the data set again"});
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(entries_.size()); }
  RecordId id(std::int64_t index) const override { return entries_.at(static_cast<std::size_t>(index)).id; }
  std::vector<std::string> labels() const override {
    return labelled_ ? std::vector<std::string>{"vessel"} : std::vector<std::string>{};
  }
  bool has_masks() const override { return labelled_; }
  std::vector<Fault> faults() const override { return faults_; }
  std::vector<std::string> notes() const override { return notes_; }

  Record record(std::int64_t index) const override {
    const Entry& entry = entries_.at(static_cast<std::size_t>(index));
    const vision::GreyImage image = vision::read_grey(entry.image);
    Record record;
    record.id = entry.id;
    record.image = vision::to_tensor(image);
    if (labelled_) {
      const vision::GreyImage mask = data::read_mask(entry.mask, entry.image, image);
      record.labels = data::labels_of(mask, data::binary_values(mask), entry.mask,
                                      "XCAD's masks hold 0 and 255: copy the file again");
    }
    return record;
  }

 private:
  void add_pairs(const fs::path& root) {
    const fs::path images = first_folder(root, {"test/images", "test/img"}, "test images");
    const fs::path masks = first_folder(root, {"test/masks", "test/gt"}, "test masks");
    const data::MaskPairs found = data::pair_masks(images, masks, "", false);
    for (const data::MaskPair& pair : found.pairs) add(root, pair.image, pair.mask, "test");
    faults_ = found.unmatched;
    faults_.insert(faults_.end(), found.ambiguous.begin(), found.ambiguous.end());
  }

  void add(const fs::path& root, const fs::path& image, const fs::path& mask, const char* split) {
    Entry entry{{}, image, mask};
    entry.id.name = image.lexically_relative(root).generic_string();
    entry.id.split = split;
    entry.id.files = {image.string()};
    if (!mask.empty()) entry.id.files.push_back(mask.string());
    read_name(image.stem(), entry.id);
    if (entry.id.patient.empty()) unread_.push_back(entry.id.name);
    entries_.push_back(std::move(entry));
  }

  void divide(const Params& params) {
    if (params.split.empty()) return;
    const data::Shares shares = data::train_val_test(params.split, "split");
    std::vector<std::string> runs;
    for (const Entry& entry : entries_) runs.push_back(entry.id.patient);
    const std::vector<std::string> split =
        data::split_by_group(runs, shares, static_cast<std::uint64_t>(params.split_seed));
    for (std::size_t i = 0; i < entries_.size(); ++i) entries_[i].id.split = split[i];
    if (!unread_.empty())
      notes_.push_back("names that are not RUN_FRAME are divided one by one: " + data::some_of(unread_));
  }

  bool labelled_;
  std::vector<Entry> entries_;
  std::vector<std::string> unread_;
  std::vector<Fault> faults_;
  std::vector<std::string> notes_;
};

}  // namespace

VASO_PLUGIN("dataset.xcad", "1.0.0", "dataset.xcad") {
  plugins.add<Xcad, Params>("xcad", "XCAD: 126 frames with vessel masks, 1,621 without");
}
