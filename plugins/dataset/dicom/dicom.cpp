#include "container.hpp"
#include "dicom_file.hpp"

#include "data/frame_cache.hpp"
#include "data/listing.hpp"
#include "data/mask_pairs.hpp"
#include "data/philox.hpp"
#include "vision/planes.hpp"

#include "sdk/dataset.hpp"
#include "sdk/plugin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>

namespace {

using namespace vaso;
namespace fs = std::filesystem;
using dicom::FileHeader;

constexpr const char* kDirectoryClass = "1.2.840.10008.1.3.10";  // a DICOMDIR lists files and holds no image

struct Params {
  std::vector<std::string> root;
  std::vector<std::string> modality{"XA"};
  std::string grey = "window";
  std::int64_t stride = 1;

  void describe(Schema& s) {
    s.field(root, "root", "folders, searched with all below, or single files").path();
    s.field(modality, "modality", "modalities to read, as DICOM abbreviates them; [] = all");
    s.field(grey, "grey",
            "\"window\": by the table or window that the file states for a frame, if any; \"depth\": by the bits it "
            "stores")
        .choices({"window", "depth"});
    s.field(stride, "stride", "take every n-th frame of a run").at_least(1);
  }
};

// Twelve hexadecimal digits that stand for a name.
std::string digest(const std::string& what) { return fmt::format("{:012x}", random_key(0, "dicom:" + what) >> 16); }

struct Listed {
  fs::path file;
  FileHeader header;
  std::string patient;  // digest
};

class Dicom final : public Dataset {
 public:
  Dicom(const Params& params, const RunShape&)
      : rule_(params.grey == "window" ? dicom::GreyRule::window : dicom::GreyRule::depth) {
    if (params.root.empty()) throw ParameterError("root", "it needs at least one folder or file");
    for (const std::string& root : params.root) add_root(fs::absolute(root).lexically_normal(), params);
    note_passed_over();
    name_patients();
    enumerate(params.stride);
    if (entries_.empty() && faults_.empty()) {
      throw DataError({params.root.front(),
                       "holds no DICOM run of modality " + fmt::format("{}", fmt::join(params.modality, ", ")),
                       "check `root` and `modality` of dataset.dicom"});
    }
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(entries_.size()); }

  // Nothing here tells a patient's name, number or date: they would end in run databases.
  RecordId id(std::int64_t index) const override {
    const Entry& entry = entries_.at(static_cast<std::size_t>(index));
    const Listed& listed = files_[entry.file];
    const FileHeader& header = listed.header;
    RecordId id;
    id.name = fmt::format("{}/{}/{:05}", listed.patient, run_key(listed), entry.frame);
    id.patient = listed.patient;
    id.files = {listed.file.string()};
    // Some archives store every frame as a file of its own; then the series is the run.
    const bool single = header.frames == 1 && !header.series.empty();
    id.sequence = single ? digest(header.series) : run_key(listed);
    id.frame = entry.frame;
    if (single) {
      const std::string& number = header.instance_number;
      std::from_chars(number.data(), number.data() + number.size(), id.frame);
    }
    if (!header.series_number.empty()) id.sequence += " series " + header.series_number;
    if (!single && !header.instance_number.empty()) id.sequence += " instance " + header.instance_number;
    if (!header.angles.empty()) id.sequence += " " + header.angles;
    return id;
  }

  std::vector<Fault> faults() const override { return faults_; }
  std::vector<std::string> notes() const override { return notes_; }

  Record record(std::int64_t index) const override {
    const Entry& entry = entries_.at(static_cast<std::size_t>(index));
    const fs::path& file = files_[entry.file].file;
    const data::FrameCache::Shared frames = cache_.get(file, [&] { return dicom::read_frames(file, rule_); });
    const auto frame = static_cast<std::size_t>(entry.frame);
    if (frame >= frames->size()) {
      throw DataError({file,
                       fmt::format("has {} frames, by its header {}", frames->size(), files_[entry.file].header.frames),
                       "copy it again from its source, or remove it"});
    }
    Record record;
    record.id = id(index);
    record.image = vision::to_tensor((*frames)[frame]);
    return record;
  }

 private:
  struct Entry {
    std::size_t file;
    std::int64_t frame;
  };

  static std::string run_key(const Listed& listed) {
    return digest(listed.header.instance.empty() ? listed.file.string() : listed.header.instance);
  }

  void add_root(const fs::path& root, const Params& params) {
    std::error_code error;
    if (!fs::is_directory(root, error)) {
      if (!fs::exists(root, error)) throw DataError({root, "does not exist", "check `root` of dataset.dicom"});
      add_file(root, params, true);
      return;
    }
    for (const fs::path& file : data::files_under(root)) add_file(file, params, false);
  }

  // asked: by name, so that it is a fault where it cannot be used.
  void add_file(const fs::path& file, const Params& params, bool asked) {
    if (!dicom::is_dicom(file)) {
      std::string extension = file.extension();
      std::transform(extension.begin(), extension.end(), extension.begin(),
                     [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
      if (asked || extension == ".dcm" || extension == ".dicom" || extension == ".ima") {
        faults_.push_back({file, "is truncated or no DICOM file: it has no \"DICM\" at byte 128",
                           "copy it again from its source, or remove it"});
      } else {
        passed_["no DICOM files"].push_back(file.filename());
      }
      return;
    }
    try {
      Listed listed{file, dicom::read_header(file), ""};
      const FileHeader& header = listed.header;
      const auto& wanted = params.modality;
      if (header.class_uid == kDirectoryClass) return;
      if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), header.modality) == wanted.end()) {
        passed_["of another modality than " + fmt::format("{}", fmt::join(wanted, ", "))].push_back(file.filename());
      } else if (!header.has_pixels || header.frames < 1) {
        passed_["without pixels"].push_back(file.filename());
      } else if (!header.photometric.starts_with("MONOCHROME")) {
        passed_["not grey"].push_back(file.filename());
      } else {
        const auto [same, fresh] = by_key_.emplace(run_key(listed), file);
        if (fresh)
          files_.push_back(std::move(listed));
        else
          faults_.push_back({file, "is the same instance as " + same->second.string(), "remove one of them"});
      }
    } catch (const DataError& broken) {
      faults_.push_back(broken.fault());
    }
  }

  void note_passed_over() {
    for (const auto& [why, names] : passed_)
      notes_.push_back(fmt::format("passed over, {}: {}", why, data::some_of(names)));
  }

  // A patient's key is made from PatientID together with the first of his study UIDs: all his studies stay on one side
  // of a split, and the key cannot be found by trying numbers. Without PatientID, the study stands for the patient.
  void name_patients() {
    std::map<std::string, std::string> first_study;
    for (const Listed& listed : files_) {
      if (listed.header.patient_id.empty()) continue;
      const auto [known, fresh] = first_study.emplace(listed.header.patient_id, listed.header.study);
      if (!fresh) known->second = std::min(known->second, listed.header.study);
    }
    for (Listed& listed : files_) {
      const FileHeader& header = listed.header;
      if (!header.patient_id.empty())
        listed.patient = digest("patient " + header.patient_id + " " + first_study[header.patient_id]);
      else if (!header.study.empty())
        listed.patient = digest("study " + header.study);
      else
        listed.patient = digest("series " + (header.series.empty() ? listed.file.string() : header.series));
    }
  }

  void enumerate(std::int64_t stride) {
    for (std::size_t f = 0; f < files_.size(); ++f) {
      for (std::int64_t frame = 0; frame < files_[f].header.frames; frame += stride) entries_.push_back({f, frame});
    }
  }

  dicom::GreyRule rule_;
  std::vector<Listed> files_;
  std::vector<Entry> entries_;
  std::map<std::string, fs::path> by_key_;
  std::map<std::string, std::vector<std::string>> passed_;  // why: names
  std::vector<Fault> faults_;
  std::vector<std::string> notes_;
  mutable data::FrameCache cache_;
};

}  // namespace

VASO_PLUGIN("dataset.dicom", "1.0.0", "dataset.dicom") {
  plugins.add<Dicom, Params>("dicom", "XA runs in DICOM files, unlabelled; no patient data goes into ids");
}
