#include "runs.hpp"

#include "data/frame_cache.hpp"
#include "data/listing.hpp"
#include "data/ordered.hpp"
#include "vision/planes.hpp"

#include "sdk/dataset.hpp"
#include "sdk/plugin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>

namespace {

using namespace vaso;
namespace fs = std::filesystem;
using dominance::Run;

struct Params {
  std::string root;
  std::string artery = "both";
  std::int64_t stride = 1;
  std::string near_duplicates = "keep";
  double threshold = 2.5;

  void describe(Schema& s) {
    s.field(root, "root", "folder with the unpacked archives: …/Study…/{LCA,RCA}/*.npz").path();
    s.field(artery, "artery", "runs of \"both\" arteries, \"LCA\" or \"RCA\"").choices({"both", "LCA", "RCA"});
    s.field(stride, "stride", "take every n-th frame of a run").at_least(1);
    s.field(
         near_duplicates, "near_duplicates",
         "\"keep\", or \"drop\" frames that hardly differ from the last one kept (decodes every run once to find them)")
        .choices({"keep", "drop"});
    s.field(threshold, "threshold", "what differs less is a near duplicate; root mean square at 32×32 pixels")
        .at_least(0)
        .unit("grey levels");
  }
};

class CoronaryDominance final : public Dataset {
 public:
  CoronaryDominance(const Params& params, const RunShape&) {
    const fs::path root = data::folder_at(params.root, "root");
    std::vector<fs::path> files = data::files_under(root);
    std::erase_if(files, [](const fs::path& file) { return file.extension() != ".npz"; });
    if (files.empty()) throw DataError({root, "holds no .npz file", "unpack the 7z archives first, and check `root`"});
    list(files, root, params);
    if (entries_.empty() && faults_.empty())
      throw DataError({root, "holds no run of artery " + params.artery, "check `artery`"});
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(entries_.size()); }

  RecordId id(std::int64_t index) const override {
    const Entry& entry = entries_.at(static_cast<std::size_t>(index));
    const Run& run = runs_[entry.run];
    RecordId id;
    id.name = fmt::format("{}/{:05}", run.name, entry.frame);
    id.patient = run.study;
    id.sequence = run.name.substr(run.name.rfind('/') + 1);
    if (!run.artery.empty()) id.sequence = run.artery + " " + id.sequence;
    if (!run.angles.empty()) id.sequence += " " + run.angles;
    id.frame = entry.frame;
    id.files = {run.file.string()};
    return id;
  }

  std::vector<Fault> faults() const override { return faults_; }
  std::vector<std::string> notes() const override { return notes_; }

  Record record(std::int64_t index) const override {
    const Entry& entry = entries_.at(static_cast<std::size_t>(index));
    const fs::path& file = runs_[entry.run].file;
    const data::FrameCache::Shared frames = cache_.get(file, [&] { return dominance::read_frames(file); });
    const auto frame = static_cast<std::size_t>(entry.frame);
    if (frame >= frames->size())
      throw DataError({file, "has fewer frames than when the run began", "leave the data alone while a run reads it"});
    Record record;
    record.id = id(index);
    record.image = vision::to_tensor((*frames)[frame]);
    return record;
  }

 private:
  struct Entry {
    std::size_t run;
    std::int64_t frame;
  };
  struct Listed {
    Run run;
    std::vector<std::int64_t> frames;
    std::optional<Fault> fault;
  };

  static Listed look_into(const fs::path& file, const fs::path& root, const Params& params) {
    Listed listed;
    try {
      listed.run = dominance::open_run(file, root);
      if (params.artery != "both" && listed.run.artery != params.artery) return listed;
      if (params.near_duplicates == "drop") {
        listed.frames = dominance::distinct_frames(dominance::read_frames(file), params.stride, params.threshold);
      } else {
        for (std::int64_t f = 0; f < listed.run.frames; f += params.stride) listed.frames.push_back(f);
      }
    } catch (const DataError& error) {
      listed.fault = error.fault();
    }
    return listed;
  }

  void list(const std::vector<fs::path>& files, const fs::path& root, const Params& params) {
    const int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    std::int64_t seen = 0, without_angles = 0, without_study = 0;
    data::for_each_in_order(
        static_cast<std::int64_t>(files.size()), threads,
        [&](std::int64_t i) { return look_into(files[static_cast<std::size_t>(i)], root, params); },
        [&](std::int64_t, Listed listed) {
          if (listed.fault) faults_.push_back(*listed.fault);
          if (listed.frames.empty()) return;
          for (const std::int64_t frame : listed.frames) entries_.push_back({runs_.size(), frame});
          seen += (listed.run.frames + params.stride - 1) / params.stride;
          without_angles += listed.run.angles.empty() ? 1 : 0;
          without_study += listed.run.study.empty() ? 1 : 0;
          runs_.push_back(std::move(listed.run));
        });
    if (size() < seen)
      notes_.push_back(fmt::format("{} of {} frames are near duplicates: left out", seen - size(), seen));
    if (without_angles > 0)
      notes_.push_back(fmt::format("{} runs do not state their angles as numbers", without_angles));
    if (without_study > 0)
      notes_.push_back(fmt::format("{} runs lie in no folder Study…: their patient is unknown", without_study));
  }

  std::vector<Run> runs_;
  std::vector<Entry> entries_;
  std::vector<Fault> faults_;
  std::vector<std::string> notes_;
  mutable data::FrameCache cache_;
};

}  // namespace

VASO_PLUGIN("dataset.coronary_dominance", "1.0.0", "dataset.coronary_dominance") {
  plugins.add<CoronaryDominance, Params>("coronary_dominance", "CoronaryDominance's runs in npz archives, unlabelled");
}
