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
#include <charconv>
#include <map>

namespace {

using namespace vaso;
namespace fs = std::filesystem;

constexpr std::int32_t kVessel = 1, kCatheter = 2;
constexpr std::string_view kCatheterFolder = "CATH";
constexpr std::size_t kPatientLetters = 9;  // CVAI-2855

struct Params {
  std::string root;
  std::string labels = "vessel";
  std::string masks = "auto";
  bool unlabelled = false;
  std::vector<double> split{175, 0, 46};
  std::int64_t split_seed = 0;
  std::string train_list, val_list, test_list;

  void describe(Schema& s) {
    s.field(root, "root", "folder with the patients' folders (CVAI-1234), or the one above it").path();
    s.field(labels, "labels", "\"vessel\", or \"vessel_catheter\" as two labels")
        .choices({"vessel", "vessel_catheter"});
    s.field(masks, "masks",
            "\"separate\": 255 is vessel, catheters have masks of their own in …CATH; \"combined\": 127 is vessel, 255 "
            "catheter; \"auto\": combined where a mask holds 127")
        .choices({"auto", "separate", "combined"});
    s.field(unlabelled, "unlabelled", "every frame, without labels, for pre-training");
    s.field(split, "split", "shares of train, val, test, drawn by patient").at_least(0);
    s.field(split_seed, "split_seed", "seed of that draw").at_least(0);
    s.field(train_list, "train_list", "text file instead of `split`: patients, sequences or SEQUENCE/FRAME, one a line")
        .path();
    s.field(val_list, "val_list", "the same for validation").path();
    s.field(test_list, "test_list", "the same for the test (DeNVeR's vessel.txt)").path();
  }
};

struct Entry {
  RecordId id;
  fs::path image, mask, catheter;  // "" = none
};

using Frames = std::map<std::int64_t, fs::path>;

class Xcav final : public Dataset {
 public:
  Xcav(const Params& params, const RunShape&) : params_(params) {
    const fs::path root = data::folder_at(params_.root, "root");
    for (const fs::path& patient : patient_folders(root)) add_patient(root, patient);
    if (!imageless_.empty()) notes_.push_back("masks without an image, passed over: " + data::some_of(imageless_));
    divide();
    if (entries_.empty() && faults_.empty()) {
      throw DataError({root, params_.unlabelled ? "holds no frame" : "holds no frame with a mask",
                       "PATIENT/images/SEQUENCE/FRAME.png goes with PATIENT/ground_truth/SEQUENCE/FRAME.png"});
    }
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(entries_.size()); }
  RecordId id(std::int64_t index) const override { return entries_.at(static_cast<std::size_t>(index)).id; }
  std::vector<std::string> labels() const override {
    if (params_.unlabelled) return {};
    if (params_.labels == "vessel") return {"vessel"};
    return {"vessel", "catheter"};
  }
  bool has_masks() const override { return !params_.unlabelled; }
  std::vector<Fault> faults() const override { return faults_; }
  std::vector<std::string> notes() const override { return notes_; }

  Record record(std::int64_t index) const override {
    const Entry& entry = entries_.at(static_cast<std::size_t>(index));
    const vision::GreyImage image = vision::read_grey(entry.image);
    Record record;
    record.id = entry.id;
    record.image = vision::to_tensor(image);
    if (!params_.unlabelled) record.labels = read_labels(entry, image);
    return record;
  }

 private:
  bool wants_catheter() const { return params_.labels == "vessel_catheter"; }

  // As published, the patients are in XACV or xca_dataset.
  static std::vector<fs::path> patient_folders(const fs::path& root) {
    const auto has_images = [](const fs::path& folder) {
      std::error_code error;
      return fs::is_directory(folder / "images", error);
    };
    std::vector<fs::path> patients;
    for (const fs::path& folder : data::folders_in(root)) {
      if (has_images(folder)) patients.push_back(folder);
    }
    if (!patients.empty()) return patients;
    for (const fs::path& above : data::folders_in(root)) {
      for (const fs::path& folder : data::folders_in(above)) {
        if (has_images(folder)) patients.push_back(folder);
      }
    }
    if (patients.empty()) {
      throw DataError({root, "holds no patient's folder (CVAI-1234/images)",
                       "name the folder that holds them in `root` of dataset.xcav"});
    }
    return patients;
  }

  // Frames by number; nothing where there is no such folder.
  Frames frames_in(const fs::path& folder) {
    Frames frames;
    std::error_code error;
    if (!fs::is_directory(folder, error)) return frames;
    for (const fs::path& file : data::images_under(folder, false)) {
      const std::string stem = file.stem();
      std::int64_t number = 0;
      const auto [end, fault] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
      if (fault != std::errc() || end != stem.data() + stem.size()) {
        faults_.push_back({file, "has a name that is no frame number", "rename or remove it: frames are 00000.png …"});
      } else if (const auto [same, fresh] = frames.emplace(number, file); !fresh) {
        faults_.push_back({file, "has the frame number of " + same->second.string(), "remove one of them"});
      }
    }
    return frames;
  }

  void add_patient(const fs::path& root, const fs::path& patient) {
    const fs::path truth = patient / "ground_truth";
    std::error_code error;
    std::vector<fs::path> with_masks;
    if (fs::is_directory(truth, error)) with_masks = data::folders_in(truth);
    for (const fs::path& sequence : data::folders_in(patient / "images")) {
      const std::string name = sequence.filename();
      const Frames images = frames_in(sequence), masks = frames_in(truth / name),
                   catheters = frames_in(truth / (name + std::string(kCatheterFolder)));
      for (const auto& [number, image] : images) {
        const auto mask = masks.find(number), catheter = catheters.find(number);
        if (mask == masks.end() && !params_.unlabelled) continue;
        Entry entry;
        entry.id.name = image.lexically_relative(root).generic_string();
        entry.id.patient = name.substr(0, kPatientLetters);
        entry.id.sequence = name;
        entry.id.frame = number;
        entry.id.files = {image.string()};
        entry.image = image;
        if (!params_.unlabelled) add_masks(entry, mask->second, catheter == catheters.end() ? "" : catheter->second);
        entries_.push_back(std::move(entry));
      }
      for (const auto& [number, mask] : masks) {
        if (images.count(number) == 0) imageless_.push_back(mask.lexically_relative(root).generic_string());
      }
    }
    for (const fs::path& sequence : with_masks) {
      const std::string name = sequence.filename();
      if (!name.ends_with(kCatheterFolder) && !fs::is_directory(patient / "images" / name, error))
        imageless_.push_back(sequence.lexically_relative(root).generic_string());
    }
  }

  void add_masks(Entry& entry, const fs::path& mask, const fs::path& catheter) {
    entry.mask = mask;
    entry.id.files.push_back(mask.string());
    if (!wants_catheter() || params_.masks == "combined") return;
    entry.catheter = catheter;
    if (!catheter.empty()) entry.id.files.push_back(catheter.string());
    if (catheter.empty() && params_.masks == "separate") {
      faults_.push_back({mask, "has no catheter mask beside it, in a folder " + entry.id.sequence + "CATH",
                         "add it, or set labels = \"vessel\""});
    }
  }

  void divide() {
    data::SplitLists lists(params_.train_list, params_.val_list, params_.test_list);
    if (lists.any()) {
      for (Entry& entry : entries_) {
        const std::string& sequence = entry.id.sequence;
        entry.id.split =
            lists.split_of({sequence + "/" + entry.image.stem().string(), sequence, entry.id.patient, entry.id.name});
      }
      const auto left_out = std::erase_if(entries_, [](const Entry& entry) { return entry.id.split.empty(); });
      if (left_out > 0) notes_.push_back(fmt::format("{} frames are in no list: left out", left_out));
      const std::vector<Fault> unused = lists.unused();
      faults_.insert(faults_.end(), unused.begin(), unused.end());
      return;
    }
    const data::Shares shares = data::train_val_test(params_.split, "split");
    std::vector<std::string> patients;
    for (const Entry& entry : entries_) patients.push_back(entry.id.patient);
    const std::vector<std::string> split =
        data::split_by_group(patients, shares, static_cast<std::uint64_t>(params_.split_seed));
    for (std::size_t i = 0; i < entries_.size(); ++i) entries_[i].id.split = split[i];
  }

  bool is_combined(const vision::GreyImage& mask) const {
    if (params_.masks != "auto") return params_.masks == "combined";
    return std::find(mask.pixels.begin(), mask.pixels.end(), 127) != mask.pixels.end();
  }

  at::Tensor read_labels(const Entry& entry, const vision::GreyImage& image) const {
    const vision::GreyImage mask = data::read_mask(entry.mask, entry.image, image);
    if (is_combined(mask)) {
      return data::labels_of(mask, {{0, 0}, {127, kVessel}, {255, wants_catheter() ? kCatheter : 0}}, entry.mask,
                             "combined masks hold 0, 127 (vessel) and 255 (catheter); check `masks` of dataset.xcav");
    }
    const at::Tensor vessel = data::labels_of(mask, data::binary_values(mask), entry.mask,
                                              "masks hold 0 and 255; check `masks` of dataset.xcav");
    if (!wants_catheter()) return vessel;
    if (entry.catheter.empty()) {
      throw DataError({entry.mask, "shows no catheter, and no mask in a folder " + entry.id.sequence + "CATH does",
                       "add that mask, or set labels = \"vessel\""});
    }
    const vision::GreyImage catheter = data::read_mask(entry.catheter, entry.image, image);
    return vessel + kCatheter * data::labels_of(catheter, data::binary_values(catheter), entry.catheter,
                                                "catheter masks hold 0 and 255");
  }

  Params params_;
  std::vector<Entry> entries_;
  std::vector<std::string> imageless_;
  std::vector<Fault> faults_;
  std::vector<std::string> notes_;
};

}  // namespace

VASO_PLUGIN("dataset.xcav", "1.0.0", "dataset.xcav") {
  plugins.add<Xcav, Params>("xcav", "XCAV, runs with one or two annotated frames (DeNVeR): vessels, catheters");
}
