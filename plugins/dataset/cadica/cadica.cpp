#include "ground_truth.hpp"
#include "videos.hpp"

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
namespace fs = std::filesystem;

struct Params {
  std::string root;
  std::string labels = "stenosis";
  std::string least_grade = cadica::kGrades.front();
  bool unlabelled = false;
  std::vector<double> shares = {0.7, 0.1, 0.2};
  std::int64_t seed = 0;

  void describe(Schema& s) {
    const std::vector<std::string> grades(cadica::kGrades.begin(), cadica::kGrades.end());
    s.field(root, "root", "folder of the unpacked data set, with selectedVideos in it").path();
    s.field(labels, "labels", "stenosis: one label for all lesions; grades: the seven degrees, p0_20 to p100")
        .choices({"stenosis", "grades"});
    s.field(least_grade, "least_grade", "with labels = \"stenosis\": lesser lesions are none").choices(grades);
    s.field(unlabelled, "unlabelled", "every frame of all videos, without boxes: for pre-training");
    s.field(shares, "shares", "of train, val and test; whole patients go into one of them").at_least(0).length(3);
    s.field(seed, "seed", "another seed is another split").at_least(0);
  }
};

fs::path find_root(const std::string& given) {
  const fs::path root = data::folder_at(given, "root");
  const bool above = !fs::is_directory(root / "selectedVideos") && fs::is_directory(root / "CADICA");
  return above ? root / "CADICA" : root;
}

class Cadica final : public Dataset {
 public:
  Cadica(const Params& params, const RunShape&)
      : merged_(params.labels == "stenosis"),
        unlabelled_(params.unlabelled),
        least_grade_(cadica::grade_of(params.least_grade)) {
    if (params.root.empty()) throw ParameterError("root", "it needs the folder of the unpacked data set");
    if (!merged_ && least_grade_ > 0)
      throw ParameterError("least_grade", "it goes with labels = \"stenosis\", where lesions are merged");
    const fs::path root = find_root(params.root);
    collection_ = unlabelled_ ? cadica::all_frames(root) : cadica::labelled_frames(root);
    if (collection_.frames.empty() && collection_.faults.empty()) {
      throw DataError({root, "holds no frame pX_vY_NNNNN.png that was selected",
                       "unpack the data set again; its folders must stay as they are"});
    }
    std::vector<std::string> patients;
    for (const cadica::Frame& frame : collection_.frames) patients.push_back(frame.id.patient);
    const std::vector<std::string> split = data::split_by_group(patients, data::train_val_test(params.shares, "shares"),
                                                                static_cast<std::uint64_t>(params.seed));
    for (std::size_t i = 0; i < split.size(); ++i) collection_.frames[i].id.split = split[i];
    if (!unlabelled_) tell_negatives();
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(collection_.frames.size()); }
  RecordId id(std::int64_t index) const override { return at(index).id; }
  std::vector<std::string> labels() const override {
    if (unlabelled_) return {};
    if (merged_) return {"stenosis"};
    return {cadica::kGrades.begin(), cadica::kGrades.end()};
  }
  bool has_boxes() const override { return !unlabelled_; }
  std::vector<Fault> faults() const override { return collection_.faults; }
  std::vector<std::string> notes() const override { return collection_.notes; }

  Record record(std::int64_t index) const override {
    const cadica::Frame& frame = at(index);
    const vision::GreyImage image = vision::read_grey(frame.id.files.front());
    Record record{frame.id, vision::to_tensor(image), {}, {}, frame.boxes};
    cadica::keep_inside(record.boxes, image.width, image.height, frame.id.files.back());
    std::erase_if(record.boxes, [&](const Box& box) { return box.label < least_grade_; });
    if (merged_) {
      for (Box& box : record.boxes) box.label = 0;
    }
    return record;
  }

 private:
  const cadica::Frame& at(std::int64_t index) const { return collection_.frames.at(static_cast<std::size_t>(index)); }

  void tell_negatives() {
    std::int64_t healthy = 0, lesser = 0;
    for (const cadica::Frame& frame : collection_.frames) {
      healthy += frame.boxes.empty();
      lesser += !frame.boxes.empty() && std::all_of(frame.boxes.begin(), frame.boxes.end(),
                                                    [&](const Box& box) { return box.label < least_grade_; });
    }
    collection_.notes.push_back(fmt::format("{} of {} frames show no lesion", healthy, collection_.frames.size()));
    if (lesser > 0) {
      collection_.notes.push_back(fmt::format("{} frames show only lesions below {}, and count as without", lesser,
                                              cadica::kGrades[static_cast<std::size_t>(least_grade_)]));
    }
  }

  bool merged_, unlabelled_;
  std::int64_t least_grade_;
  cadica::Collection collection_;
};

}  // namespace

VASO_PLUGIN("dataset.cadica", "1.0.0", "dataset.cadica") {
  plugins.add<Cadica, Params>("cadica", "CADICA: keyframes of angiogram videos with graded lesions as boxes");
}
