#include "places.hpp"

#include "data/listing.hpp"
#include "data/mask_pairs.hpp"
#include "data/mask_values.hpp"
#include "data/split.hpp"
#include "data/split_lists.hpp"
#include "vision/image_io.hpp"
#include "vision/planes.hpp"

#include "sdk/dataset.hpp"
#include "sdk/plugin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <regex>
#include <set>

namespace {

using namespace vaso;
namespace fs = std::filesystem;
using paired::Place;

struct Params {
  std::string root;
  std::vector<std::string> images, masks, splits;
  bool recursive = true;
  std::string mask_suffix;
  std::string unmatched = "fault";
  std::vector<std::string> labels{"vessel"};
  std::vector<std::int64_t> values;
  std::int64_t threshold = 0;
  std::vector<double> split;
  std::int64_t split_seed = 0;
  std::string train_list, val_list, test_list;
  std::string patient = R"((?:^|_)(\d+_\d+|p\d+)_(v?\d+)_(\d+)$)";  // as dataset.images

  void describe(Schema& s) {
    s.field(root, "root",
            "folder with images/ and masks/, or with train/, val/ and test/ that hold them; with `mask_suffix` also a "
            "folder "
            "of both")
        .path();
    s.field(images, "images", "instead of `root`: folders of images").path();
    s.field(masks, "masks", "folders of masks, one for each in `images`; [] = there are none").path();
    s.field(splits, "splits", "split of each folder in `images`; [] = not divided").choices({"train", "val", "test"});
    s.field(recursive, "recursive", "also look in the folders below");
    s.field(mask_suffix, "mask_suffix", "what a mask's name has after its image's: \"_mask\", \"gt\"");
    s.field(unmatched, "unmatched", "an image without a mask, or a mask without an image, is a \"fault\", or \"skip\"")
        .choices({"fault", "skip"});
    s.field(labels, "labels", "names of what the masks show");
    s.field(values, "values", "grey value of each label; [] with one label: masks of 0 and 255, or 0 and 1")
        .range(0, 255);
    s.field(threshold, "threshold", "grey values from this on are 255, below 0, for masks stored as JPEG; 0 = off")
        .range(0, 255);
    s.field(split, "split", "shares of train, val, test, drawn by patient; [] = as the folders or lists say")
        .at_least(0);
    s.field(split_seed, "split_seed", "seed of that draw").at_least(0);
    s.field(train_list, "train_list", "text file: names of the training images, one a line").path();
    s.field(val_list, "val_list", "text file: names of the validation images").path();
    s.field(test_list, "test_list", "text file: names of the test images").path();
    s.field(patient, "patient",
            "regular expression searched in the file name without extension: group 1 is the patient, 2 the sequence, 3 "
            "the frame; \"\" = unknown");
  }
};

struct Entry {
  RecordId id;
  fs::path image, mask;  // mask: "" = none
};

void check(const Params& params) {
  if (params.root.empty() && params.images.empty())
    throw ParameterError("root", "the data set needs either `root` or `images`");
  if (!params.root.empty() && !params.images.empty())
    throw ParameterError("root", "`images` names the folders itself: leave `root` out, or set it to \"\"");
  if (!params.root.empty() && !params.masks.empty())
    throw ParameterError("masks", "`masks` goes with `images`; `root` finds its masks itself");
  if (!params.masks.empty() && params.masks.size() != params.images.size()) {
    throw ParameterError(
        "masks", fmt::format("it has {} folders for {} in `images`", params.masks.size(), params.images.size()));
  }
  if (!params.splits.empty() && params.splits.size() != params.images.size()) {
    throw ParameterError("splits", fmt::format("it has {} entries for {} folders in `images`", params.splits.size(),
                                               params.images.size()));
  }
  if (params.labels.empty() || params.labels.size() > 31) throw ParameterError("labels", "there are 1 to 31 labels");
  if (params.values.empty() && params.labels.size() > 1)
    throw ParameterError("values", "several labels need the grey value of each");
  if (!params.values.empty() && params.values.size() != params.labels.size()) {
    throw ParameterError(
        "values", fmt::format("it has {} values for {} in `labels`", params.values.size(), params.labels.size()));
  }
  if (std::set<std::int64_t>(params.values.begin(), params.values.end()).size() != params.values.size())
    throw ParameterError("values", "two labels have one value");
  if (params.threshold > 0 && !params.values.empty())
    throw ParameterError("threshold", "it makes masks of 0 and 255, so `values` must be []");
}

std::optional<std::regex> patient_pattern(const std::string& text) {
  if (text.empty()) return std::nullopt;
  try {
    std::regex pattern(text);
    if (pattern.mark_count() < 1) throw ParameterError("patient", "it needs a group in parentheses for the patient");
    return pattern;
  } catch (const std::regex_error& error) {
    throw ParameterError("patient", std::string("it is no regular expression: ") + error.what());
  }
}

class Paired final : public Dataset {
 public:
  Paired(const Params& params, const RunShape&) : params_(params) {
    check(params_);
    pattern_ = patient_pattern(params_.patient);
    const std::vector<Place> places = all_places();
    labelled_ = std::any_of(places.begin(), places.end(), [](const Place& place) { return !place.masks.empty(); });
    for (const Place& place : places) add(place);
    divide();
    if (entries_.empty() && faults_.empty()) {
      throw DataError({base_, labelled_ ? "holds no image with a mask that could be used" : "holds no image",
                       "images end in .png .jpg .jpeg .bmp .tif .tiff .pgm"});
    }
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(entries_.size()); }
  RecordId id(std::int64_t index) const override { return entries_.at(static_cast<std::size_t>(index)).id; }
  std::vector<std::string> labels() const override { return labelled_ ? params_.labels : std::vector<std::string>{}; }
  bool has_masks() const override { return labelled_; }
  std::vector<Fault> faults() const override { return faults_; }
  std::vector<std::string> notes() const override { return notes_; }

  Record record(std::int64_t index) const override {
    const Entry& entry = entries_.at(static_cast<std::size_t>(index));
    const vision::GreyImage image = vision::read_grey(entry.image);
    Record record;
    record.id = entry.id;
    record.image = vision::to_tensor(image);
    if (labelled_) record.labels = read_labels(entry, image);
    return record;
  }

 private:
  std::vector<Place> all_places() {
    if (!params_.root.empty()) {
      const fs::path root = data::folder_at(params_.root, "root");
      base_ = root;
      return paired::find_places(root, !params_.mask_suffix.empty());
    }
    std::vector<Place> places;
    for (std::size_t i = 0; i < params_.images.size(); ++i) {
      places.push_back({data::folder_at(params_.images[i], "images"),
                        params_.masks.empty() ? fs::path() : data::folder_at(params_.masks[i], "masks"),
                        params_.splits.empty() ? "" : params_.splits[i]});
    }
    // Names are relative to the folder above all of them.
    base_ = places[0].images;
    for (const Place& place : places) {
      while (place.images.lexically_relative(base_).string().starts_with("..")) base_ = base_.parent_path();
    }
    return places;
  }

  void add(const Place& place) {
    if (!labelled_) {
      for (const fs::path& image : data::images_under(place.images, params_.recursive)) add(place, image, {});
      return;
    }
    if (place.masks.empty()) {
      pass_over({place.images, "has no folder of masks beside it, other images of this data set have",
                 "add the masks, or take the images out"});
      return;
    }
    const data::MaskPairs found = data::pair_masks(place.images, place.masks, params_.mask_suffix, params_.recursive);
    for (const data::MaskPair& pair : found.pairs) add(place, pair.image, pair.mask);
    for (const Fault& fault : found.unmatched) pass_over(fault);
    faults_.insert(faults_.end(), found.ambiguous.begin(), found.ambiguous.end());
  }

  void add(const Place& place, const fs::path& image, const fs::path& mask) {
    Entry entry{{}, image, mask};
    entry.id.name = image.lexically_relative(base_).generic_string();
    if (!params_.images.empty() && params_.images.size() > 1)
      entry.id.source = place.images.lexically_relative(base_).generic_string();
    entry.id.split = place.split;
    entry.id.files = {image.string()};
    if (!mask.empty()) entry.id.files.push_back(mask.string());
    const std::string stem = image.stem();
    std::smatch match;
    if (pattern_ && std::regex_search(stem, match, *pattern_)) {
      entry.id.patient = match.str(1);
      if (match.size() > 2) entry.id.sequence = match.str(2);
      if (match.size() > 3 && match.length(3) > 0 && match.length(3) < 18) entry.id.frame = std::stoll(match.str(3));
    }
    entries_.push_back(std::move(entry));
  }

  void pass_over(Fault fault) {
    if (params_.unmatched == "skip") {
      notes_.push_back(fault.where + " " + fault.what + ": left out");
    } else {
      fault.cure += "; or set unmatched = \"skip\"";
      faults_.push_back(std::move(fault));
    }
  }

  void divide() {
    data::SplitLists lists(params_.train_list, params_.val_list, params_.test_list);
    if (lists.any()) {
      if (!params_.split.empty()) throw ParameterError("split", "either shares or lists divide the data, not both");
      for (Entry& entry : entries_) {
        const fs::path name = entry.id.name;
        entry.id.split = lists.split_of({entry.id.name, fs::path(name).replace_extension().generic_string(),
                                         name.filename(), name.stem(), entry.id.patient});
      }
      const auto left_out = std::erase_if(entries_, [](const Entry& entry) { return entry.id.split.empty(); });
      if (left_out > 0) notes_.push_back(fmt::format("{} images are in no list: left out", left_out));
      const std::vector<Fault> unused = lists.unused();
      faults_.insert(faults_.end(), unused.begin(), unused.end());
    } else if (!params_.split.empty()) {
      const data::Shares shares = data::train_val_test(params_.split, "split");
      std::vector<std::string> patients;
      for (const Entry& entry : entries_) patients.push_back(entry.id.patient);
      const std::vector<std::string> split =
          data::split_by_group(patients, shares, static_cast<std::uint64_t>(params_.split_seed));
      for (std::size_t i = 0; i < entries_.size(); ++i) entries_[i].id.split = split[i];
      const auto unknown = std::count(patients.begin(), patients.end(), "");
      if (unknown > 0) {
        notes_.push_back(fmt::format(
            "{} images tell no patient (`patient`) and are divided one by one: a patient may be on both sides",
            unknown));
      }
    }
  }

  at::Tensor read_labels(const Entry& entry, const vision::GreyImage& image) const {
    vision::GreyImage mask = data::read_mask(entry.mask, entry.image, image);
    if (params_.threshold > 0) {
      for (std::uint8_t& value : mask.pixels) value = value >= params_.threshold ? 255 : 0;
    }
    if (params_.values.empty()) {
      return data::labels_of(
          mask, data::binary_values(mask), entry.mask,
          "a mask has 0 and 255, or 0 and 1; list other values in `values`, or set `threshold` where "
          "masks were stored as JPEG or resized with interpolation");
    }
    std::vector<data::MaskValue> values{{0, 0}};  // unless a label takes 0
    for (std::size_t c = 0; c < params_.values.size(); ++c)
      values.push_back({static_cast<std::uint8_t>(params_.values[c]), static_cast<std::int32_t>(1u << c)});
    return data::labels_of(mask, values, entry.mask, "add it to `values` and `labels`, or correct the mask");
  }

  Params params_;
  std::optional<std::regex> pattern_;
  fs::path base_;
  bool labelled_ = false;
  std::vector<Entry> entries_;
  std::vector<Fault> faults_;
  std::vector<std::string> notes_;
};

}  // namespace

VASO_PLUGIN("dataset.paired", "1.0.0", "dataset.paired") {
  plugins.add<Paired, Params>("paired",
                              "images and masks of the same names, in folders (CAXF, DCA1, SYNTAX and others)");
}
