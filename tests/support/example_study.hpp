// A study with everything that a report may meet, in a database of its own: three guidance sources with and without
// consistency, three seeds, two tasks; a failed run, one that is running, some that never started, one source tree with
// uncommitted changes. The numbers are made up, by fixed rules.
#pragma once

#include "runs/store.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace vaso::tests {

struct ExampleStudy {
  std::string name = "ablation";
  std::string odd;          // put into names of levels, settings, images and messages, to see it escaped
  std::size_t images = 40;  // test images of a task
  int epochs = 30;
  bool troubled = true;                       // with failed, running and missing runs
  std::filesystem::path picture{};              // a PNG or JPEG that stands for all pictures; empty = none
  int picture_width = 1, picture_height = 1;  // of a third of it
};

namespace example {

// Uniform in [0, 1), the same on every machine.
inline double noise(std::uint64_t key) {
  key = (key ^ key >> 30) * 0xBF58476D1CE4E5B9ULL;  // splitmix64
  key = (key ^ key >> 27) * 0x94D049BB133111EBULL;
  return static_cast<double>((key ^ key >> 31) >> 11) / 9007199254740992.0;
}

inline void finish(runs::Store& store, std::int64_t id, runs::Status status, double seconds) {
  runs::Run run = *store.get(id);
  run.status = status;
  run.wall_seconds = seconds;
  if (status == runs::Status::finished) run.finished = "2026-01-02T12:00:00Z";
  store.update(run);
}

}  // namespace example

// Fills the database and returns the study, which is in it too.
inline runs::StudyRecord fill(runs::Store& store, const std::filesystem::path& folder,
                              const ExampleStudy& wanted = {}) {
  using namespace runs;
  using example::noise;
  StudyRecord study;
  study.name = wanted.name;
  study.question = "Is it worth telling the mask where the vessels are" + wanted.odd + "?";
  study.design = "grid";
  study.file = (folder / "ablation.toml").string();
  study.config_toml = "name = \"ablation\"\n[study]\nseeds = [0, 1, 2]\n";
  study.created = "2026-01-01T10:00:00Z";
  const std::vector<std::string> sources = {"none", "frangi", "co_guidance" + wanted.odd};
  study.factors = {{"guidance", {}},
                   {"consistency", {{"off", {{"loss.consistency", "false"}}}, {"on", {{"loss.consistency", "true"}}}}}};
  for (const std::string& source : sources) {
    study.factors[0].levels.push_back({source,
                                       {{"masking.strategy", source == "none" ? "\"random\"" : "\"anatomy\""},
                                        {"guidance.source", "\"" + source + "\""}}});
  }
  study.seeds = {0, 1, 2};
  std::size_t cell = 0;
  const auto pictured = [&](std::int64_t id, const std::string& file, const Run& run) {
    if (wanted.picture.empty()) return;
    std::filesystem::create_directories((std::filesystem::path(run.folder) / file).parent_path());
    std::filesystem::copy_file(wanted.picture, std::filesystem::path(run.folder) / file,
                               std::filesystem::copy_options::overwrite_existing);
    store.add_artefact(id, {"picture", file, "00", 1});
  };
  const auto start = [&](const std::string& phase, const std::string& task, const std::string& identity,
                         std::int64_t seed, const std::map<std::string, std::string>& settings, std::int64_t parent) {
    if (const auto known = store.newest_with_identity(identity)) return *known;
    Run run;
    run.experiment = wanted.name;
    run.phase = phase;
    run.label = task.empty() ? identity : "downstream.task=" + task;
    run.identity = identity;
    run.seed = seed;
    run.status = Status::running;
    run.parent = parent;
    run.config_toml = "seed = " + std::to_string(seed) + "\n";
    run.config_json = "{}";
    run.data_fingerprint = "fingerprint of " + (task.empty() ? "unlabelled" : task);
    run.started = "2026-01-02T11:00:00Z";
    run.host = "workstation";
    run.device = "cpu";
    run.threads = "aten=2 opencv=1";
    run.libtorch = "1.13.0";
    run.version = "0.1.0";
    run.revision = "0123456789ab";
    run.folder = (folder / identity).string();
    std::vector<std::pair<std::string, std::string>> pairs(settings.begin(), settings.end());
    pairs.emplace_back("seed", std::to_string(seed));
    if (!task.empty()) pairs.emplace_back("downstream.task", task);
    run.id = store.add(run, {{"masking.anatomy", "1.0", "/plugins/anatomy.so", std::string(64, 'a')}}, pairs);
    std::filesystem::create_directories(run.folder);
    return run;
  };
  for (std::size_t source = 0; source < sources.size(); ++source) {
    for (const bool consistency : {false, true}) {
      const std::string key = std::to_string(source) + (consistency ? "c" : "");
      study.cells.push_back({"guidance=" + sources[source] + " consistency=" + (consistency ? "on" : "off"),
                             {sources[source], consistency ? "on" : "off"},
                             cell == 0});
      for (const std::int64_t seed : study.seeds) {
        const std::uint64_t salt = (cell + 1) * 1000 + static_cast<std::uint64_t>(seed);
        const std::string tail = "-" + std::to_string(seed);
        const double effect = 0.012 * static_cast<double>(source) + (consistency ? 0.004 : 0);
        study.runs.push_back({cell, seed, "segmentor", "", "segmentor" + tail});
        study.runs.push_back({cell, seed, "pretrain", "", "pretrain-" + key + tail});
        for (const char* task : {"vessels", "stenosis"}) {
          study.runs.push_back({cell, seed, "finetune", task, task + ("-" + key) + tail});
        }
        if (wanted.troubled && cell == 4 && seed == 2) continue;  // never started

        const Run segmentor = start("segmentor", "", "segmentor" + tail, seed, {}, 0);
        if (store.points(segmentor.id, "loss").empty()) {
          for (int epoch = 0; epoch < wanted.epochs / 2; ++epoch) {
            store.log(
                segmentor.id, epoch,
                {{"loss", 0.7 * std::exp(-epoch / 5.0) + 0.02 * noise(salt + static_cast<std::uint64_t>(epoch))}});
          }
          pictured(segmentor.id, "segmentation.png", segmentor);
          example::finish(store, segmentor.id, Status::finished, 312);
        }
        const std::map<std::string, std::string> settings = {{"masking.strategy", source == 0 ? "random" : "anatomy"},
                                                             {"guidance.source", sources[source]},
                                                             {"loss.consistency", consistency ? "true" : "false"}};
        const Run pretrain = start("pretrain", "", "pretrain-" + key + tail, seed, settings, segmentor.id);
        const bool fails = wanted.troubled && cell == 3 && seed == 1,
                   runs_still = wanted.troubled && cell == 5 && seed == 2;
        const int epochs = fails ? wanted.epochs / 3 : runs_still ? wanted.epochs * 2 / 3 : wanted.epochs;
        for (int epoch = 0; epoch < epochs; ++epoch) {
          const double done = static_cast<double>(epoch) / wanted.epochs,
                       wobble = noise(salt * 77 + static_cast<std::uint64_t>(epoch));
          store.log(pretrain.id, epoch,
                    {{"loss", 0.9 * std::exp(-4 * done) + 0.3 - effect + 0.03 * wobble},
                     {"loss.pixel_reconstruction", 0.8 * std::exp(-4 * done) + 0.25 + 0.03 * wobble},
                     {"masked_vessel_share", 0.21 + (source > 0 ? 0.3 * done : 0.0) + 0.01 * wobble},
                     {"vessel_share", 0.21},
                     {"guided_patches", source > 0 ? 0.5 * done : 0.0},
                     {"learning_rate", 1e-3 * (1 - done)},
                     {"images_per_second", 40 + 3 * wobble}});
        }
        pictured(pretrain.id, "plan.png", pretrain);
        if (fails) {
          Run failed = *store.get(pretrain.id);
          failed.status = Status::failed;
          failed.exit_code = 5;
          failed.message = "the loss is no finite number in epoch 11" + wanted.odd;
          failed.wall_seconds = 700;
          store.update(failed);
          continue;
        }
        if (runs_still) continue;
        example::finish(store, pretrain.id, Status::finished, 2100);
        for (const std::string task : {"vessels", "stenosis"}) {
          const bool masks = task == "vessels";
          const Run run = start("finetune", task, task + ("-" + key) + tail, seed, {}, pretrain.id);
          const std::string main = masks ? "dice" : "ap50";
          const double level = (masks ? 0.74 : 0.41) + effect * (masks ? 1 : 0.6) + 0.006 * (noise(salt * 3) - 0.5);
          for (int epoch = 0; epoch < wanted.epochs; ++epoch) {
            const double done = static_cast<double>(epoch) / wanted.epochs;
            store.log(run.id, epoch,
                      {{"loss", 1.2 * std::exp(-3 * done) + 0.1}, {"val." + main, level * (1 - std::exp(-6 * done))}});
          }
          std::map<std::string, double> by_image;
          for (std::size_t i = 0; i < wanted.images; ++i) {
            const double image = 0.3 * (noise(i * 31) - 0.5), own = 0.06 * (noise(salt * 131 + i) - 0.5);
            by_image["set/" + std::to_string(i) + wanted.odd + ".png"] = std::min(1.0, level + image + own);
          }
          store.log_per_image(run.id, masks ? "test.dice" : "test.box_recall", by_image);
          store.log(run.id, wanted.epochs - 1,
                    masks ? std::map<std::string, double>{{"test.dice", level}, {"test.cl_dice", level + 0.05}}
                          : std::map<std::string, double>{{"test.ap50", level}, {"test.ap75", level / 2}});
          store.set_convention(run.id, masks ? "test.dice" : "test.ap50",
                               masks ? "mean over images" : "cocoeval, 101 points");
          pictured(run.id, "test.png", run);
          if (!wanted.picture.empty()) {
            const std::filesystem::path test = std::filesystem::path(run.folder) / "test";
            std::filesystem::create_directories(test);
            std::filesystem::copy_file(wanted.picture, test / "000000.jpg",
                                       std::filesystem::copy_options::overwrite_existing);
            nlohmann::json index;
            for (const auto& [image, value] : by_image) {
              index["pictures"].push_back({{"image", image},
                                           {"file", "000000.jpg"},
                                           {"width", wanted.picture_width},
                                           {"height", wanted.picture_height}});
            }
            std::ofstream(test / "index.json") << index;
            store.add_artefact(run.id, {"test pictures", "test/index.json", "00", 1});
          }
          example::finish(store, run.id, Status::finished, 640);
        }
      }
      ++cell;
    }
  }
  store.put_study(study);
  return study;
}

}  // namespace vaso::tests
