// A study with everything that a report may meet, in a database of its own: three guidance sources with and without
// consistency, three seeds, two tasks; a failed run, one that is running, some that never started. The numbers follow
// fixed rules.
#pragma once

#include "runs/store.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace vaso::tests {

struct ExampleStudy {
  std::string name = "ablation";
  std::string odd;          // put into names and messages, to see it escaped
  std::size_t images = 40;  // test images of a task
  int epochs = 30;
  bool troubled = true;                       // with runs that failed, are running or never started
  bool uncommitted = false;                   // one run was made from a source tree with uncommitted changes
  std::filesystem::path picture{};            // a PNG or JPEG that stands for all pictures; empty = none
  int picture_width = 1, picture_height = 1;  // of a third of it
};

class ExampleStudyWriter {
 public:
  ExampleStudyWriter(runs::Store& store, std::filesystem::path folder, ExampleStudy wanted)
      : store_(store), folder_(std::move(folder)), wanted_(std::move(wanted)) {}

  runs::StudyRecord write() {
    describe();
    for (std::size_t cell = 0; cell < study_.cells.size(); ++cell) {
      for (const std::int64_t seed : study_.seeds) write(cell, seed);
    }
    store_.put_study(study_);
    return study_;
  }

 private:
  using Settings = std::vector<std::pair<std::string, std::string>>;

  // Uniform in [0, 1), the same on every machine (splitmix64).
  static double noise(std::uint64_t key) {
    key = (key ^ key >> 30) * 0xBF58476D1CE4E5B9ULL;
    key = (key ^ key >> 27) * 0x94D049BB133111EBULL;
    return static_cast<double>((key ^ key >> 31) >> 11) / 9007199254740992.0;
  }

  void describe() {
    study_.name = wanted_.name;
    study_.question = "Is it worth telling the mask where the vessels are" + wanted_.odd + "?";
    study_.design = "grid";
    study_.file = (folder_ / "ablation.toml").string();
    study_.config_toml = "name = \"ablation\"\n[study]\nseeds = [0, 1, 2]\n";
    study_.created = "2026-01-01T10:00:00Z";
    study_.seeds = {0, 1, 2};
    study_.factors = {
        {"guidance",
         {{"none", {{"masking.strategy", "\"random\""}}},
          {"frangi", {{"masking.strategy", "\"anatomy\""}, {"guidance.source", "\"frangi\""}}},
          {"co_guidance" + wanted_.odd,
           {{"masking.strategy", "\"anatomy\""}, {"guidance.source", "\"co_guidance\""}}}}},
        {"consistency", {{"off", {{"loss.consistency", "false"}}}, {"on", {{"loss.consistency", "true"}}}}}};
    for (const runs::StudyLevel& guidance : study_.factors[0].levels) {
      for (const runs::StudyLevel& consistency : study_.factors[1].levels) {
        study_.cells.push_back({"guidance=" + guidance.name + " consistency=" + consistency.name,
                                {guidance.name, consistency.name},
                                study_.cells.empty()});
      }
    }
  }

  void write(std::size_t cell, std::int64_t seed) {
    const std::string tail = "-" + std::to_string(cell) + "-" + std::to_string(seed);
    const std::string segmentor = "segmentor-" + std::to_string(seed);  // all cells share it
    study_.runs.push_back({cell, seed, "segmentor", "", segmentor});
    study_.runs.push_back({cell, seed, "pretrain", "", "pretrain" + tail});
    for (const char* task : {"vessels", "stenosis"}) study_.runs.push_back({cell, seed, "finetune", task, task + tail});
    if (wanted_.troubled && cell == 4 && seed == 2) return;  // never started
    salt_ = (cell + 1) * 1000 + static_cast<std::uint64_t>(seed);
    effect_ = 0.012 * static_cast<double>(cell / 2) + 0.004 * static_cast<double>(cell % 2);
    const std::int64_t pretrained = pretrain("pretrain" + tail, cell, seed, segment(segmentor, seed));
    if (store_.get(pretrained)->status != runs::Status::finished) return;
    finetune("vessels", "vessels" + tail, seed, pretrained);
    finetune("stenosis", "stenosis" + tail, seed, pretrained);
  }

  runs::Run start(const std::string& phase, const std::string& identity, std::int64_t seed, std::int64_t parent,
                  Settings settings) {
    runs::Run run;
    run.experiment = wanted_.name;
    run.phase = phase;
    run.label = "seed=" + std::to_string(seed);
    run.identity = identity;
    run.seed = seed;
    run.status = runs::Status::running;
    run.parent = parent;
    run.folder = (folder_ / identity).string();
    run.config_toml = "seed = " + std::to_string(seed) + "\n";
    run.config_json = "{}";
    run.data_fingerprint = "fingerprint of images";
    run.started = "2026-01-02T11:00:00Z";
    run.host = "workstation";
    run.device = "cpu";
    run.threads = "aten=2 opencv=1";
    run.libtorch = "1.13.0";
    run.version = "0.1.0";
    run.revision = "0123456789ab";
    run.dirty = wanted_.uncommitted && identity == "pretrain-1-0";
    settings.emplace_back("seed", std::to_string(seed));
    run.id = store_.add(run, {{"masking.anatomy", "1.0", "anatomy.so", std::string(64, 'a')}}, settings);
    std::filesystem::create_directories(run.folder);
    return run;
  }

  void end(runs::Run run, runs::Status status, double seconds, const std::string& message = "") {
    run.status = status;
    run.wall_seconds = seconds;
    run.message = message;
    if (status == runs::Status::finished) run.finished = "2026-01-02T12:00:00Z";
    store_.update(run);
  }

  void copy_picture(const runs::Run& run, const std::string& file) {
    const std::filesystem::path target = std::filesystem::path(run.folder) / file;
    std::filesystem::create_directories(target.parent_path());
    std::filesystem::copy_file(wanted_.picture, target);
  }

  void picture(const runs::Run& run, const std::string& file) {
    if (wanted_.picture.empty()) return;
    copy_picture(run, file);
    store_.add_artefact(run.id, {"picture", file, "00", 1});
  }

  std::int64_t segment(const std::string& identity, std::int64_t seed) {
    if (const auto known = store_.newest_with_identity(identity)) return known->id;
    const runs::Run run = start("segmentor", identity, seed, 0, {});
    for (int epoch = 0; epoch < wanted_.epochs / 2; ++epoch) {
      store_.log(run.id, epoch, {{"loss", 0.7 * std::exp(-epoch / 5.0) + 0.02 * wobble(epoch)}});
    }
    picture(run, "segmentation.png");
    end(run, runs::Status::finished, 312);
    return run.id;
  }

  std::int64_t pretrain(const std::string& identity, std::size_t cell, std::int64_t seed, std::int64_t segmentor) {
    const bool guided = cell / 2 > 0, fails = wanted_.troubled && cell == 3 && seed == 1,
               goes_on = wanted_.troubled && cell == 5 && seed == 2;
    const runs::Run run = start("pretrain", identity, seed, segmentor,
                                {{"masking.strategy", guided ? "anatomy" : "random"},
                                 {"guidance.source", cell / 2 == 1 ? "frangi" : "co_guidance"},
                                 {"loss.consistency", cell % 2 == 1 ? "true" : "false"}});
    const int epochs = fails ? wanted_.epochs / 3 : goes_on ? wanted_.epochs * 2 / 3 : wanted_.epochs;
    for (int epoch = 0; epoch < epochs; ++epoch) {
      const double done = share(epoch);
      store_.log(run.id, epoch,
                 {{"loss", 0.9 * std::exp(-4 * done) + 0.3 - effect_ + 0.03 * wobble(epoch)},
                  {"loss.pixel_reconstruction", 0.8 * std::exp(-4 * done) + 0.25 + 0.03 * wobble(epoch)},
                  {"masked_vessel_share", 0.21 + (guided ? 0.3 * done : 0.0) + 0.01 * wobble(epoch)},
                  {"vessel_share", 0.21},
                  {"guided_patches", guided ? 0.5 * done : 0.0},
                  {"learning_rate", 1e-3 * (1 - done)}});
    }
    picture(run, "plan.png");
    if (fails) end(run, runs::Status::failed, 700, "the loss is no finite number in epoch 11" + wanted_.odd);
    if (!fails && !goes_on) end(run, runs::Status::finished, 2100);
    return run.id;
  }

  void finetune(const std::string& task, const std::string& identity, std::int64_t seed, std::int64_t pretrained) {
    const bool masks = task == "vessels";
    const runs::Run run = start("finetune", identity, seed, pretrained, {{"downstream.task", task}});
    const std::string main = masks ? "dice" : "ap50";
    const double level = (masks ? 0.74 : 0.41) + effect_ * (masks ? 1 : 0.6) + 0.006 * (noise(salt_ * 3) - 0.5);
    for (int epoch = 0; epoch < wanted_.epochs; ++epoch) {
      store_.log(run.id, epoch,
                 {{"loss", 1.2 * std::exp(-3 * share(epoch)) + 0.1},
                  {"val." + main, level * (1 - std::exp(-6 * share(epoch)))}});
    }
    std::map<std::string, double> by_image;
    for (std::size_t i = 0; i < wanted_.images; ++i) {
      const double image = 0.3 * (noise(i * 31) - 0.5), own = 0.06 * (noise(salt_ * 131 + i) - 0.5);
      by_image["set/" + std::to_string(i) + wanted_.odd + ".png"] = std::min(1.0, level + image + own);
    }
    store_.log_per_image(run.id, masks ? "test.dice" : "test.box_recall", by_image);
    store_.log(run.id, wanted_.epochs - 1,
               {{"test." + main, level}, {masks ? "test.cl_dice" : "test.ap75", masks ? level + 0.05 : level / 2}});
    store_.set_convention(run.id, "test." + main, masks ? "mean over images" : "cocoeval, 101 points");
    picture(run, "test.png");
    if (!wanted_.picture.empty()) test_pictures(run, by_image);
    end(run, runs::Status::finished, 640);
  }

  void test_pictures(const runs::Run& run, const std::map<std::string, double>& by_image) {
    copy_picture(run, "test/000000.jpg");
    nlohmann::json index;
    for (const auto& [image, value] : by_image) {
      index["pictures"].push_back({{"image", image},
                                   {"file", "000000.jpg"},
                                   {"width", wanted_.picture_width},
                                   {"height", wanted_.picture_height}});
    }
    std::ofstream(std::filesystem::path(run.folder) / "test" / "index.json") << index;
    store_.add_artefact(run.id, {"test pictures", "test/index.json", "00", 1});
  }

  double share(int epoch) const { return static_cast<double>(epoch) / wanted_.epochs; }
  double wobble(int epoch) const { return noise(salt_ * 77 + static_cast<std::uint64_t>(epoch)); }

  runs::Store& store_;
  std::filesystem::path folder_;
  ExampleStudy wanted_;
  runs::StudyRecord study_;
  std::uint64_t salt_ = 0;  // of the cell and seed that is written
  double effect_ = 0;       // what the cell gains
};

// Fills the database, and the folders of its runs below `folder`; returns the study, which is in the database too.
inline runs::StudyRecord fill(runs::Store& store, const std::filesystem::path& folder,
                              const ExampleStudy& wanted = {}) {
  return ExampleStudyWriter(store, folder, wanted).write();
}

}  // namespace vaso::tests
